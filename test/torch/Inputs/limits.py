class M(Module):
  training : bool
  def ops(self: __torch__.M,
    x: Tensor) -> Tensor:
    y = x
    for i in range(40):
      y = torch.mul(torch.relu(torch.add(y, i)), 3)
    return y
  def elements(self: __torch__.M,
    x: Tensor) -> List[int]:
    a = [0]
    for i in range(20):
      a = torch.add(a, a)
    return a
  def text(self: __torch__.M,
    x: Tensor) -> str:
    a = "ab"
    for i in range(20):
      a = torch.add(a, a)
    return a
  def deep(self: __torch__.M,
    x: Tensor) -> Tensor:
    return (self).deep(x, )
  def nested(self: __torch__.M,
    x: Tensor) -> Tensor:
    return torch.neg(torch.neg(torch.neg(torch.neg(torch.neg(torch.neg(torch.neg(torch.neg(x))))))))
  def huge(self: __torch__.M,
    x: Tensor) -> Tensor:
    return torch.zeros([4611686018427387904, 4])
  def negative(self: __torch__.M,
    x: Tensor) -> Tensor:
    return torch.zeros([2, -3])
  def views(self: __torch__.M,
    x: Tensor) -> Tensor:
    y = x
    for i in range(2000):
      y = torch.t(y)
    return y
  def parts(self: __torch__.M,
    x: Tensor) -> List[Tensor]:
    return torch.unbind(torch.expand(torch.select(x, 0, 0), [1000000, 3]), 0)
  def append(self: __torch__.M,
    x: Tensor) -> List[Tensor]:
    out = annotate(List[Tensor], [])
    y = x
    v = bool(torch.gt(torch.sum(x), 0))
    while v:
      y0 = torch.mul(y, 0.5)
      _0 = torch.append(out, y0)
      v, y = bool(torch.gt(torch.sum(y0), 1)), y0
    return out
  def trips(self: __torch__.M,
    x: Tensor) -> Tensor:
    i = 0
    v = torch.lt(i, 40)
    while v:
      i0 = torch.add(i, 1)
      v, i = torch.lt(i0, 40), i0
    return torch.add(x, i)
