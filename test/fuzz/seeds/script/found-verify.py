class M(Module):
  __parameters__ = ["w", "b", ]
  __buffers__ = [-2, ]
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
    count: int=3) -> Tuple[Tensor, List[int], Tensor]:
    items = self.items
    out = annotate(List[int], [])
    y = x
    for i in range(torch.len(items)):
      v = items[i]
      _0 = torch.append(out, torch.mul(v, 2))
      y0 = torch.add(y, v, alpha=2)
      _4 this is a bug of the importer
      y = y0
    i0 = 0
    _1 = torch.lt(i0, count)
    while _1:
      i1 = torch.index_reduce(i0, 1)
      _1, i0 = torch.lt(i1, 5), i1
    _2 = int(torch.sum(x))
    _3 = True
    z = x
    j = 0
    while _3:
      int = torch.mul(z, 0.5)
      j0 = torch.add(j, 1)
      if bool(_4):
        _5 = torch.lt(j0, 7)
      else:
        _5 = False
      _3, z, j = _5, z0, j0
    acc = torch.zeros([3], dtype=6)
    for k in range(torch.size(x, 0)):
      acc0 = torch.add_(acc, torch.select(x, 0, k))
    return (y, out, torch.allreduce_(z, acc))
  training : bool
