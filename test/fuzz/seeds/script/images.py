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
    ones = torch.ones([1, 2, 6, 6])
    boxes = torch.view(torch.arange(12, dtype=6), [3, 4])
    a = ops.torchvision.nms(boxes, torch.ones([3]), 0.5)
    rois = torch.tensor([[0., 0., 0., 4., 4.], [0., 1., 1., 3., 3.]])
    b = ops.torchvision.roi_align(ones, rois, 0.5, 2, 2, 2, False)
    grid = torch.affine_grid_generator(torch.unsqueeze(self.w, 0), [1, 2, 3, 3], False)
    c = torch.grid_sampler(ones, grid, 0, 0, True)
    d = torch.upsample_bilinear2d(ones, [4, 9], False, None)
    e = torch.upsample_bilinear2d(ones, None, True, [1.5, 0.5])
    f = torch.upsample_nearest2d(ones, None, [2., 2.])
    g = torch.upsample_bicubic2d(ones, [3, 7], False, None, None)
    h = torch._upsample_bilinear2d_aa(ones, [3, 4], False, None, None)
    i = torch.im2col(ones, [2, 2], [1, 1], [0, 1], [2, 2])
    j = torch.col2im(torch.ones([1, 8, 9]), [6, 6], [2, 2], [1, 1], [0, 0], [2, 2])
    l = torch.avg_pool2d(ones, [2, 2], [2, 2], [1, 1], True, False, 3)
    n = torch.adaptive_avg_pool2d(ones, [4, 5])
    o = torch.adaptive_max_pool2d(ones, [2, 3])
    p = torch.conv_transpose2d(ones, torch.ones([2, 1, 3, 3]), None, [2, 2], [1, 1], [1, 1], 1, [1, 1])
    q = torch.pixel_shuffle(torch.ones([1, 4, 2, 2]), 2)
    r = torch.channel_shuffle(torch.ones([1, 4, 2, 2]), 2)
    return [a, b, c, d, e, f, g, h, i, j, l, n, o, p, q, r]
