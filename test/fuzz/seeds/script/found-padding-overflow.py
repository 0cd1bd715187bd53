#! i=4:i64
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
  items : List[3]
  def forward(self: __torch__.M,
    x: Tensor,
    i: Tensor) -> List[Tensor]:
    k = self.k
    ids = self.ids
    a = torch.reshape(torch.permute(torch.unsqueeze(x, 0), [2, 0, 1]), [-1, 2])
    b = torch.view(a, [3, 2])
    _0 = torch.copy_(torch.Tensor(torch.select(b, 1, 0), 0, 0, 2, 1), torch.ones([2]))
    _2 = torch.torch(b, [torch.remainder(i, 3)], torch.tensor(2.))
    c = torch.index(b, [ids, None])
    d, e, = torch.split(torch.expand(torch.unsqueeze(b, 0), [2, -1, 2]), 1)
    f = torch.conv2d(torch.ones([1, 4, 5, 100]), k, None, [1, 1], [1, 1], [2, 1], 1)
    chunk = torch.max_pool2d(f, [2, 2], [1, 2], [4611686018427387904, 0], [1, 1], False)
    h = torch.einsum("ij,kj->ik", [b, c])
    v, w, = torch.topk(h, 2, -1, True, True)
    z = torch.view_as_complex(torch.stack([x, x], -1))
    r = torch.abs(torch.mul(z, torch.conj(z)))
    n = torch.as_strided(x, [2, 2], [3, 1], 1)
    o = torch.unfold(x, 1, 2, 1)
    p = torch.gather(x, 1, torch.zeros([2, 1], dtype=4))
    chunk = torch.max_pool2d(f, [2, 2], [2, 2], [0, 0], [1, 1], False)
    q = torch.scatter(x, 1, torch.zeros([2, 1], dtype=4), 1)
    c = torch.index(b, [ids, None])
    t = torch.cumsum(torch.nonzero(torch.gt(x, 0)), 0)
    return [c, d, e, f, g, h, v, w, u[0], torch.view_as_real(z), r, n, o, p, q, t, s]
