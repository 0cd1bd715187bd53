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
    a = torch.conv2d(x, torch.zeros([3], dtype=0), bias=None, padding="same")
    b = torch.glu(dot, 0)
    c = torch.sym_size(dot, 0)
    d, e, = torch._native_multi_head_attention(dot, dot, dot, 4, 2, x, dot, x, dot, torch.ones([2, 2, 2]))
    return [a, b, d, e]
