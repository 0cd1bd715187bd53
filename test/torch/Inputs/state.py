# count: 0
class M(Module):
  training : bool
  count : int
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    count = self.count
    self.count = torch.add(count, 1)
    return torch.mul(x, count)
