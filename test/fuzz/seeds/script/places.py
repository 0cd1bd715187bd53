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
    ids = self.ids
    rows = torch.tensor([[0, 1, 1], [1, 0, 1]])
    a = torch.index_put(self.w, [None, torch.tensor([0, 2])], torch.ones([2, 2]), True)
    b = torch.scatter(x, 0, rows, self.w)
    c = torch.scatter_add(x, 1, rows, x)
    d = torch.scatter_reduce(x, 1, rows, x, "amax", include_self=False)
    e = torch.gather(x, 0, rows)
    f = torch.take_along_dim(x, rows, 1)
    g = torch.index_add(x, 1, torch.tensor([0, 2]), torch.ones([2, 2]), alpha=2)
    h = torch.index_copy(x, 0, torch.tensor([1]), torch.ones([1, 3]))
    i = torch.index_fill(x, 0, torch.tensor([1]), 3.)
    j = torch.masked_select(x, torch.gt(x, 0))
    l = torch.masked_scatter(x, torch.gt(x, 0), torch.arange(6, dtype=6))
    m = torch.slice_scatter(x, torch.ones([2, 1]), 1, 0, 9223372036854775807, 2)
    n = torch.select_scatter(x, torch.ones([3]), 0, -1)
    o = torch.repeat_interleave(x, torch.tensor([1, 2]), 0)
    p = torch.take(x, rows)
    q = torch.one_hot(ids, 4)
    r = torch.diag_embed(x, 1, 0, 2)
    s = torch.diagonal(x, -1, 0, 1)
    t = torch.rot90(x, 3, [0, 1])
    u = torch.movedim(torch.ones([2, 3, 4]), [0, 2], [1, 0])
    v = torch.unflatten(x, 1, [3, -1])
    y = torch.tensor_split(x, [1, 2], 1)
    z = torch.nll_loss_nd(x, torch.tensor([0, 2]), None, 1, -100)
    aa = torch.bucketize(x, torch.tensor([0., 1.]))
    ab = torch.meshgrid([ids, ids], indexing="xy")
    ac, ad, ae, = torch.unique_dim(x, 0, True, True, True)
    return [a, b, c, d, e, f, g, h, i, j, l, m, n, o, p, q, r, s, t, u, v, y[0], z, aa, ab[0]]
