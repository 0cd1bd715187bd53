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
    x: Tensor,
    flag: Optional[bool]=None) -> Dict[str, Tensor]:
    w = self.w
    b = self.b
    training = self.training
    if training:
      y = torch.dropout(x, 0.5, training)
    else:
      y = torch.linear(x, torch.mm(torch.t(w), w), b)
    if torch.gt(torch.sum(y), 0.):
      z, s = torch.relu(y), 1
    else:
      z, s = torch.neg(y), 2
    if torch.__isnot__(flag, None):
      flag0 = unchecked_cast(bool, flag)
      _0 = flag0
    else:
      _0 = False
    if _0:
      ops.prim.RaiseException("flag", "builtins.ValueError")
      q = x
    else:
      q = torch.mul(z, s)
    d = annotate(Dict[str, Tensor], {})
    torch._set_item(d, "q", q)
    _1 = torch.__contains__(d, "q")
    if bool(torch.any(torch.isnan(q))):
      torch._set_item(d, "q", torch.zeros_like(q))
    else:
      pass
    return d
