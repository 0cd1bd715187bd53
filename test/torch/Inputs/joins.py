class M(Module):
  training : bool
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    if bool(torch.gt(torch.sum(x), 0)):
      y = torch.nonzero(x)
    else:
      y = torch.nonzero(torch.lt(x, 0))
    return torch.add(y, 1)
  def ranks(self: __torch__.M,
    x: Tensor) -> Tensor:
    if bool(torch.gt(torch.sum(x), 0)):
      y = torch.reshape(x, [3, 2])
    else:
      y = torch.flatten(x)
    return torch.select(y, 1, 0)
  def other(self: __torch__.M,
    x: Tensor) -> Tensor:
    if bool(torch.gt(torch.sum(x), 0)):
      y = torch.flatten(x)
    else:
      y = torch.reshape(x, [3, 2])
    return torch.select(y, 1, 0)
  def neither(self: __torch__.M,
    x: Tensor) -> Tensor:
    if bool(torch.gt(torch.sum(x), 0)):
      y = torch.flatten(x)
    else:
      y = torch.reshape(x, [3, 2])
    return torch.select(y, 2, 0)
  def empty(self: __torch__.M,
    x: Tensor) -> Tensor:
    y = torch.nonzero(x)
    n = torch.size(y, 0)
    if torch.gt(n, 0):
      z = torch.reshape(y, [n, -1, 1])
    else:
      z = y
    return torch.reshape(torch.slice(z, 1, 1), [-1])
