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
    x: Tensor) -> Tuple[Tensor, __torch__.Pt, float]:
    acc = __torch__.Acc.__new__(__torch__.Acc)
    _0 = (acc).__init__(1., )
    for i in range(3):
      _1 = (acc).add(float(i), )
    p = __torch__.Pt(x, 4)
    y = torch.mul(p.a, p.b)
    m = __torch__.Mode.A
    if torch.eq(m, __torch__.Mode.B):
      y0 = y
    else:
      y0 = torch.add(y, (m).value)
    def inner():
      return torch.add(x, y0)
    fut = fork(inner)
    y1 = torch.wait(fut)
    self.b = torch.add(self.b, 1)
    _2 = __torch__.func(y1, [1, 2], scale=2.5)
    return (_2, p, acc.v)
class Acc:
  v : float
  items : List[float]
  def __init__(self: __torch__.Acc,
    v: float) -> NoneType:
    self.v = v
    self.items = annotate(List[float], [])
    return None
  def add(self: __torch__.Acc,
    z: float) -> NoneType:
    v = self.v
    self.v = torch.add(v, z)
    items = self.items
    _29 = torch.append(items, z)
    return None
class Mode(Enum):
  A = 1
  B = 2
class Pt(NamedTuple):
  a : Tensor
  b : int
def func(x: Tensor,
    sizes: List[int],
    scale: float=1.,
    out: Optional[Tensor]=None) -> Tensor:
  if torch.eq(torch.len(sizes), 0):
    return x
  else:
    pass
  _0 = uninitialized(Tensor)
  a, b, = sizes
  return torch.mul(torch.slice(x, 0, 0, a), scale)
