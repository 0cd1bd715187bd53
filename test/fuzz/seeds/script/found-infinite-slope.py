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
    x: Tensor) -> List[Tensor]:
    dot = torch.tensor(2.)
    a = torch.rrelu(self.ids, lower=inf, upper=2)
    b = torch.rrelu(self.ids, lower=-inf, upper=2)
    c = torch.elu(self.ids, inf, 2., -inf)
    d = torch.einsum("iii->i", [torch.zeros([2, 2, 2], dtype=11)])
    return [a, b, c, d]
