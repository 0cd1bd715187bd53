#! x=nxm
#! y=2xn
class M(Module):
  __parameters__ = ["w", "b", ]
  __buffers__ = ["ids", ]
  w : Tensor
  b : Tensor
  ids : Tensor
  k : Tensor
  training : bool
  n : int
  name : str
  items : List[int]
  def forward(self: __torch__.M,
    x: Tensor,
    y: Tensor,
    t: Optional[Tensor]=None) -> Tuple[Tensor, Tensor, int]:
    n = torch.size(x, 0)
    m, k, = torch.size(x)
    a = torch.arange(torch.mul(n, 2), dtype=6, layout=None, device=torch.device("cpu"))
    b = torch.pad(x, [1, 2], "constant", 0.)
    c = torch.cat([b, torch.zeros([2, torch.add(k, 3)])], 0)
    d = torch.reshape(c, [-1])
    e = ops.prim.NumToTensor(torch.floordiv(torch.mul(n, k), 2))
    f = int(torch.sum(torch.to(y, 4)))
    g = torch.slice(d, 0, 0, f)
    h = torch.layer_norm(x, [3], None, None, 1e-05)
    i = torch.matmul(y, x)
    j = torch.adaptive_avg_pool2d(torch.unsqueeze(x, 0), [1, 1])
    o = torch.linspace(0., 1., n)
    p = torch.repeat_interleave(x, 2, 0)
    q = torch.tril(torch.ones([n, n]), -1)
    return (g, torch.add(q, torch.sum(j)), torch.len(x))
