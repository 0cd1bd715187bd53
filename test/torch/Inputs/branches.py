class M(Module):
  training : bool
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    if bool(torch.gt(torch.sum(x), 0)):
      y = torch.add(x, 1)
      n = 1
    else:
      y = torch.sub(x, 1)
      n = 2
    if bool(torch.lt(torch.sum(x), 100)):
      pass
    else:
      ops.prim.RaiseException("too large", "builtins.ValueError")
    z = torch.mul(y, n)
    i = 0
    v = torch.lt(i, 3)
    while v:
      z0 = torch.add(z, i)
      i0 = torch.add(i, 1)
      v, i, z = torch.lt(i0, 3), i0, z0
    return z
  def grow(self: __torch__.M,
    x: Tensor) -> Tensor:
    y = x
    v = bool(torch.gt(torch.sum(x), 0))
    while v:
      y0 = torch.cat([y, x])
      v, y = bool(torch.lt(torch.sum(y0), 10)), y0
    return y
  def unknown(self: __torch__.M,
    x: Tensor) -> Tensor:
    y = ops.mine.special(x)
    z = ops.mine.other(y)
    return torch.add(y, z)
  def endless(self: __torch__.M,
    x: Tensor) -> Tensor:
    v = True
    while v:
      v = True
    return x
  def wrong(self: __torch__.M,
    x: Tensor) -> Tensor:
    return torch.relu("x")
