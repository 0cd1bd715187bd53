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
    d = {"a": 1}
    c = torch.copy(d)
    e = torch.list(d)
    a = torch.values(x)
    return [x]
