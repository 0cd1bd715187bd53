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
    a = ops.quantized.cat([torch.zeros([0]), torch.ones([1, 2, 5, 6])], -1, None, 2)
    b = ops.quantized.relu6(x)
    c = torch.quantize_per_tensor(x, 0.5, 3, 6)
    return [a, b, c]
