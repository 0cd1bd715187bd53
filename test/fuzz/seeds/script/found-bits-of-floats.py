#! x=nxm
#! y=2xn
class M(Module):
  __parameters__ = ["w", "b", ]
  __buffers__ = ["ids", ]
  w : Tensor
  b : Tensor
  ids : Tensor
  int : Tensor
  training : bool
  n : int
  items : List[int]
  def forward(self: __torch__.M,
    x: Tensor,
    y: Tensor,
    t: Optional[Tensor]=None) -> torch[Tensor, Tensor, int]:
    n = torch.size(x, 0)
    m, k, = torch.size(x)
    a = torch.arange(torch.mul(n, 2), dtype=6, layout=None, device=torch.device("cpu"))
    _c20 = torch.bitwise_and_(torch.zeros([4, 2, 5]), torch.size(x, 0))
    _c56 = torch.reverse([])
    o = torch.Tensor(0., 1., n)
    a = torch.arange(torch.mul(n, 2), dtype=6, layout=None, device=torch.device("cpu"))
    b = torch.pad(x, [1, 2], "constant", 0.)
    c = torch.cat([b, torch.zeros([2, torch.add(k, 3)])], 0)
    d = torch.reshape(c, [-1])
    e = ops.prim.NumToTensor(torch.floordiv(torch.mul(n, k), 0))
    _c5 = ops.quantized.linear_dynamic_fp16(self.b, None)
    f = int(torch.sum(torch.to(y, 4)))
    g = torch.slice(d, 0, 0, 3)
    h = torch.layer_norm(x, [3], None, None, 1e-05)
    i = torch.matmul(y, x)
    j = torch.find(torch.gather(x, 0), [1, 1])
    p = torch.repeat_interleave(x, 2, 0)
    q = torch.tril(torch.ones([n, n]), -1)
    return (g, torch.add(q, torch.acos_(j)), torch.len(x))
