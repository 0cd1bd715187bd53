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
    seq = torch.ones([4, 2, 3])
    ih = torch.ones([8, 3])
    hh = torch.ones([8, 2])
    state = torch.zeros([1, 2, 2])
    bias = torch.zeros([8])
    a, h, c, = torch.lstm(seq, [state, state], [ih, hh, bias, bias], True, 1, 0., False, False, False)
    g3 = torch.slice(ih, 0, 0, 6)
    r3 = torch.slice(hh, 0, 0, 6)
    states = torch.zeros([2, 2, 2])
    d, e, = torch.gru(seq, states, [g3, r3, g3, r3], False, 1, 0., False, True, False)
    f, g, = torch.rnn_tanh(seq, state, [torch.ones([2, 3]), torch.ones([2, 2])], False, 1, 0., False, False, True)
    i, j, = torch.lstm_cell(torch.ones([2, 3]), [torch.ones([2, 2]), torch.ones([2, 2])], ih, hh, bias, bias)
    l = torch.gru_cell(torch.ones([2, 3]), torch.ones([2, 2]), g3, r3)
    q = torch.ones([1, 2, 3, 4])
    m = torch.scaled_dot_product_attention(q, q, q, None, 0., True)
    embed = torch.ones([2, 3, 4])
    n, o, = torch._native_multi_head_attention(embed, embed, embed, 4, 2, torch.ones([12, 4]), torch.ones([12]), torch.ones([4, 4]), torch.ones([4]))
    p, s, t, u, = torch.embedding_bag(self.w, torch.tensor([0, 1, 1]), torch.tensor([0, 2]), False, 0, False, None)
    v = torch.einsum("bhld,bhmd->bhlm", [q, q])
    y = torch.tensordot(self.w, self.w, [1], [1])
    z = torch.cdist(self.w, self.w)
    return [a, h, c, d, e, f, g, i, j, l, m, n, o, p, v, y, z]
