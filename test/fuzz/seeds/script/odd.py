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
    big = torch.ones([1, 2, 6, 6])
    dot = torch.tensor(2.)
    a = torch.hann_window(9223372036854775807)
    b = torch.narrow(x, 0, 4611686018427387904, 4611686018427387904)
    c = torch.diagonal(x, -9223372036854775808, 0, 1)
    d = torch.upsample_nearest2d(big, None, [1e30, 1e30])
    e = torch.avg_pool2d(big, [2147483647, 2147483647], [1, 1], [9223372036854775807, 1], True, False, 3)
    f = torch.adaptive_avg_pool2d(big, [4611686018427387904, 5])
    i = torch.chunk(x, 9223372036854775807, 1)
    j = torch.im2col(big, [2, 2], [4611686018427387904, 1], [0, 1], [0, 2])
    l = torch.conv_transpose2d(big, torch.ones([2, 1, 3, 3]), None, [2, 2], [1, 1], [1, 1], 0, [1, 1])
    m = torch.pixel_shuffle(big, 9223372036854775807)
    n = torch.diag_embed(dot, -9223372036854775808)
    o = torch.slice(dot, 0, 0, 1)
    p = torch.cdist(dot, dot)
    q = torch.index_add(dot, 0, torch.tensor([0]), torch.ones([1]))
    r = torch.lstm(torch.ones([4, 2, 3]), [dot, dot], [dot, dot, dot, dot], True, 1, 0., False, False, False)
    s = torch.lstm(torch.ones([4, 2, 3]), [dot, dot], [x], True, 9223372036854775807, 0., False, True, False)
    t = torch.scaled_dot_product_attention(dot, dot, dot)
    u = torch.batch_norm(dot, dot, dot, dot, dot, True, 0.1, 1e-05, False)
    v = torch._fft_r2c(dot, [0], 1, True)
    y = torch.view_as_complex(dot)
    z = torch.q_scale(torch.quantize_per_tensor(x, 1e30, 3, 13))
    aa = torch.unflatten(x, 1, [0, -1])
    ab = torch.flip(dot, [0])
    ac = torch.movedim(dot, [0], [0])
    ad = torch.unsqueeze(x, 9223372036854775807)
    ae = torch.stft(dot, 4, 2, 4)
    return [a, b, c, d, e]
