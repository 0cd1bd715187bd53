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
  def helper(self: __torch__.M,
    x: Tensor,
    mode: str="abc",
    pair: Tuple[int, int]=(1, 2)) -> Tensor:
    a, b, = pair
    if torch.eq(mode, "abc"):
      y = torch.add(x, a)
    else:
      y = torch.sub(x, b)
    return y
  def forward(self: __torch__.M,
    x: Tensor) -> Tuple[Tensor, str, List[str], Dict[int, float]]:
    name = self.name
    s = torch.format("{}-{} {}", name, 7, [1, 2.5, True, None])
    t = torch.add(s, torch.join(", ", ["a", "b"]))
    u = torch.split(torch.upper(t), "-")
    parts = torch.slice(u, 0, 9223372036854775807, 1)
    d = {1: 2.5, 2: 1e-05, -3: inf}
    d0 = dict([(1, 2.0), (4, nan)])
    torch.update(d, d0)
    l = torch.list(torch.keys(d))
    torch.sort(l, True)
    _0 = torch.pop(l, -1)
    torch.insert(l, 1, 12)
    torch.reverse(l)
    m = torch.mul([0], 5)
    e = torch.add(l, [1])
    c = CONSTANTS.c0
    c1 = CONSTANTS.c1
    any_l = annotate(List[Any], [1, "a", x])
    if isinstance(any_l[0], int):
      y = (self).helper(x, "abc", (3, 4), )
    else:
      y = (self).helper(x, t, )
    y0 = torch.add(y, torch.floordiv(torch.__round_to_zero_floordiv(7, 2), torch.neg(2)))
    y1 = torch.mul(torch.add(y0, c), int(torch.pow(2, 3)))
    y2 = torch.add(y1, torch.tensor([[1., 2., 3.], [4., 5., 6.]]))
    return (y2, t, parts, d)
