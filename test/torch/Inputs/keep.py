class M(Module):
  training : bool
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    y = torch.neg(x)
    y = torch.relu(y)
    n = torch.size(y, 1)
    w = [y, x]
    z = torch.add(w[0], n)
    _0 = torch.add_(y, 1)
    if bool(torch.gt(torch.sum(x), 0)):
      inner = torch.add(z, 1)
      r = inner
    else:
      r = z
    return r
