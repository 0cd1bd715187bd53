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
    wave = torch.view(torch.arange(16, dtype=6), [2, 8])
    window = torch.hann_window(4)
    a = torch.stft(wave, 4, 2, 4, window, True, "reflect", False, True, True)
    real = torch.view_as_real(a)
    b = torch.istft(a, 4, 2, 4, window, True, False, True, 8, False)
    c = torch.fft_rfft(wave, 8, -1, None)
    d = torch.fft_irfft(c, 8, -1, "ortho")
    e = torch._fft_c2c(torch.fft_fft(wave), [1, 0], 0, True)
    f = torch._fft_r2c(wave, [1], 1, True)
    g = torch._fft_c2r(f, [1], 1, 8)
    h = torch.abs(torch.polar(x, x))
    i = torch.angle(torch.complex(x, x))
    j = torch.cumsum(wave, 1)
    l = torch.cumprod(wave, 0)
    m, n, = torch.cummax(wave, 1)
    o = torch.roll(wave, [1, -3], [0, 1])
    p = torch.logspace(0., 2., 5, 10.)
    q = torch.searchsorted(torch.ones([3]), wave)
    r, s, t = torch._unique2(wave, True, True, True)
    u, v, = torch.kthvalue(wave, 2, 1)
    return [real, b, d, torch.view_as_real(e), g, h, i, j, l, m, n, o, p, q, r, s, t, u, v]
