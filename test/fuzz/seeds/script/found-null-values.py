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
    z = torch.view_as_complex(torch.ones([3, 2]))
    a = torch.linalg_diagonal(torch.ones([8, 3]), offset=2, dim1=0, dim2=2)
    a = torch.diagonal_copy(torch.ones([8, 3]), 0, 1, 1)
    a = torch.unflatten(dot, 0, [1, 1])
    a = torch.movedim(x, [0, 1], [0, 0])
    a = torch.addbmm(dot, torch.ones([3]), torch.ones([3]))
    a = torch.addbmm(dot, torch.ones([3]), torch.ones([3]), beta=1, alpha=2)
    d, e, = torch._native_multi_head_attention(torch.ones([1, 2, 4]), torch.ones([1, 2, 4]), torch.ones([1, 2, 4]), 4, 2, torch.ones([12, 4]), torch.ones([12]), torch.ones([4, 4]), torch.ones([4]), torch.ones([3, 2, 2]))
    a = torch.item(x)
    f, g, = torch.gru(torch.ones([2, 1, 3]), torch.ones([1, 1, 5]), [torch.ones([15, 3]), torch.ones([15, 4]), torch.ones([15]), torch.ones([15]), torch.ones([15, 5]), torch.ones([15, 5]), torch.ones([15]), torch.ones([15])], True, 2, 0., False, False, False)
    f, g, h = torch.lstm(torch.ones([2, 1, 3]), [torch.ones([1, 1, 5]), torch.ones([1, 1, 5])], [torch.ones([20, 7]), torch.ones([20, 5]), torch.ones([20, 5]), torch.ones([20, 5])], False, 2, 0., False, False, False)
    f, g, = torch.rnn_tanh(torch.ones([2, 1, 3]), torch.ones([1, 1, 5]), [], False, 0, 0., False, False, False)
    a = torch.mul_(x, z)
    a = torch.abs(z, out=z)
    b = torch.view_as_real(z)
    c = torch.reshape(z, [-1])
    a = torch.stft(torch.ones([2, 8]), 4, 2, 4, torch.ones([1, 1, 1, 4]), False, False, True, True)
    a = torch.stft(torch.ones([2, 8], dtype=4), 4, 2, 4, None, False, False, True, True)
    a = torch.istft(torch.view_as_complex(torch.ones([3, 4, 2])), 4, 2, 4, dot)
    a = torch.istft(torch.view_as_complex(torch.ones([3, 4, 2])), 4, 2, 4, torch.ones([1, 1, 4]))
    a = torch.fft_fft(x, 0)
    b = torch.fft_irfft(z, -3)
    c = torch.fft_fft(x, 9223372036854775807)
    d = torch.fft_ihfft(x, -9223372036854775808)
    a = torch.fft_fft2(torch.ones([3]))
    b = torch._fft_r2c(dot, [0], 0, True)
    c = torch._fft_c2r(z, [], 0, 4)
    d = torch.fft_fftshift(dot)
    e = torch.fft_fftshift(dot, [0])
    f = torch.fft_fftfreq(-3)
    a = torch.im2col(torch.ones([1, 3, 5, 6]), [2, 2], [0, -1], [-3, 0], [1, 1])
    b = torch.col2im(torch.ones([1, 8, 4]), [4, 4], [2, 2], [-1, 0], [0, 0], [2, 2])
    a = ops.torchvision.nms(torch.ones([3]), dot, 0.5)
    b = ops.torchvision.roi_align(torch.ones([1, 2, 5, 6]), torch.ones([2, 4]), 1., 2, 2, -1, True)
    c, d, = ops.torchvision.roi_pool(torch.ones([1, 2, 5, 6]), torch.ones([2, 5]), 1., 0, 2)
    e, f, = ops.torchvision.ps_roi_pool(torch.ones([1, 2, 5, 6]), torch.ones([2, 5]), 1., 0, 2)
    g, h, = ops.torchvision.ps_roi_align(torch.ones([1, 4, 5, 6]), torch.ones([2, 5]), 1., 2147483647, 2147483647, 2)
    a = ops.torchvision.deform_conv2d(torch.ones([1, 2, 5, 6]), torch.ones([2, 2, 0, 0]), torch.ones([1, 8, 4, 5]), torch.ones([1, 4, 4, 5]), torch.ones([2]), 1, 1, 0, 0, 0, 0, 1, 1, True)
    b = ops.torchvision.deform_conv2d(torch.ones([1, 2, 5, 6]), torch.ones([2, 2, 2, 2]), torch.ones([1, 8, 4, 5]), torch.ones([1, 4, 4, 5]), torch.ones([]), 1, 1, 0, 0, 0, 0, 2147483647, 1, True)
    a = torch.linear(x, self.w, torch.view_as_complex(torch.ones([2, 2])))
    b = torch.complex(x, None)
    c = torch.norm(x, z)
    d = torch.pow(z, z)
    e = torch.einsum("ij,jk->ik", [z])
    a = torch.view_as_complex(torch.ones([2, 2], dtype=4))
    b = torch.split_with_sizes(x, [9223372036854775807, -5])
    c = torch.fft_fft(a)
    return [x]
