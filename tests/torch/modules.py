# SPDX-License-Identifier: MIT
"""Small PyTorch modules of every kind that networks for boards are made of, each with an example of its input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Inputs = tuple[Tensor, ...]


@dataclass(frozen=True)
class Module:
    """A module's name, how it is made, and how its inputs are."""

    name: str
    make: Callable[[], nn.Module]
    inputs: Callable[[], Inputs]


class Call(nn.Module):
    """A function as a module, with the modules that it uses."""

    def __init__(self, function: Callable[..., Any], *parts: nn.Module) -> None:
        super().__init__()
        self.function, self.parts = function, nn.ModuleList(parts)

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*self.parts, *inputs)


def image() -> Inputs:
    return (torch.randn(1, 4, 12, 12),)


def series() -> Inputs:
    return (torch.randn(1, 4, 20),)


def sequence() -> Inputs:
    return (torch.randn(1, 10, 6),)


def vector() -> Inputs:
    return (torch.randn(1, 12),)


def tokens() -> Inputs:
    return (torch.randint(0, 9, (1, 7)),)


def both(first: Callable[[], Inputs], second: Callable[[], Inputs]) -> Callable[[], Inputs]:
    return lambda: (*first(), *second())


def positive(inputs: Callable[[], Inputs]) -> Callable[[], Inputs]:
    return lambda: tuple(x.abs() + 0.1 for x in inputs())


def by_functions(inputs: Callable[[], Inputs], **functions: Callable[..., Any]) -> list[Module]:
    return [Module(name, lambda f=f: Call(f), inputs) for name, f in functions.items()]  # type: ignore[misc]


def by_modules(inputs: Callable[[], Inputs], **modules: Callable[[], nn.Module]) -> list[Module]:
    return [Module(name, make, inputs) for name, make in modules.items()]


def activations() -> list[Module]:
    """Every activation of torch.nn that draws nothing at random."""
    kinds = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid,
             nn.Tanh, nn.Softplus, nn.Softsign, nn.Tanhshrink, nn.Softshrink, nn.Hardshrink, nn.Hardtanh,
             nn.Hardsigmoid, nn.Hardswish, nn.LogSigmoid, nn.Identity)
    return by_modules(image, **{f"act_{kind.__name__.lower()}": kind for kind in kinds}) + by_modules(
        image, act_gelu_tanh=lambda: nn.GELU("tanh"), act_threshold=lambda: nn.Threshold(0.1, -2.0),
        act_prelu_channels=lambda: nn.PReLU(4), act_softmax_channels=lambda: nn.Softmax(1),
        act_softmax_2d=nn.Softmax2d, act_glu=lambda: nn.GLU(1), act_softplus_steep=lambda: nn.Softplus(3.0),
    ) + by_modules(vector, act_softmax=lambda: nn.Softmax(-1), act_log_softmax=lambda: nn.LogSoftmax(-1),
                   act_softmin=lambda: nn.Softmin(-1))


def convolutions() -> list[Module]:
    return by_modules(
        image, conv=lambda: nn.Conv2d(4, 6, 3), conv_same=lambda: nn.Conv2d(4, 6, 3, padding="same"),
        conv_stride=lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False),
        conv_dilated=lambda: nn.Conv2d(4, 6, 3, dilation=2), conv_groups=lambda: nn.Conv2d(4, 6, 3, groups=2),
        conv_depthwise=lambda: nn.Conv2d(4, 4, 3, groups=4, padding=1), conv_1x1=lambda: nn.Conv2d(4, 8, 1),
        conv_reflect=lambda: nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"),
        conv_circular=lambda: nn.Conv2d(4, 6, 3, padding=1, padding_mode="circular"),
        conv_replicate=lambda: nn.Conv2d(4, 6, 3, padding=1, padding_mode="replicate"),
        conv_transposed=lambda: nn.ConvTranspose2d(4, 3, 3),
        conv_transposed_stride=lambda: nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1),
        conv_transposed_groups=lambda: nn.ConvTranspose2d(4, 4, 3, stride=2, groups=2),
        conv_unfold=lambda: nn.Unfold(3),
    ) + by_modules(
        series, conv1=lambda: nn.Conv1d(4, 6, 3), conv1_stride=lambda: nn.Conv1d(4, 6, 5, stride=2, padding=2),
        conv1_dilated=lambda: nn.Conv1d(4, 6, 3, dilation=4), conv1_depthwise=lambda: nn.Conv1d(4, 8, 3, groups=4),
        conv1_same=lambda: nn.Conv1d(4, 6, 4, padding="same"), conv1_transposed=lambda: nn.ConvTranspose1d(4, 3, 4, 2),
        conv1_causal=lambda: nn.Sequential(nn.ConstantPad1d((4, 0), 0.0), nn.Conv1d(4, 6, 3, dilation=2)),
    ) + [Module("conv3", lambda: nn.Conv3d(2, 3, 3), lambda: (torch.randn(1, 2, 5, 6, 6),))]


def pools() -> list[Module]:
    return by_modules(
        image, pool_max=lambda: nn.MaxPool2d(2), pool_max_ceil=lambda: nn.MaxPool2d(3, 2, ceil_mode=True),
        pool_max_padded=lambda: nn.MaxPool2d(3, 2, 1), pool_max_dilated=lambda: nn.MaxPool2d(2, 1, dilation=2),
        pool_average=lambda: nn.AvgPool2d(2), pool_average_padded=lambda: nn.AvgPool2d(3, 2, 1),
        pool_average_counted=lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False),
        pool_global=lambda: nn.AdaptiveAvgPool2d(1), pool_adaptive=lambda: nn.AdaptiveAvgPool2d((3, 4)),
        pool_adaptive_max=lambda: nn.AdaptiveMaxPool2d(1), pool_lp=lambda: nn.LPPool2d(2, 3),
    ) + by_modules(
        series, pool1_max=lambda: nn.MaxPool1d(2), pool1_average=lambda: nn.AvgPool1d(3, 2),
        pool1_global=lambda: nn.AdaptiveAvgPool1d(1), pool1_adaptive=lambda: nn.AdaptiveAvgPool1d(5),
    )


def norms() -> list[Module]:
    return by_modules(
        image, norm_batch=lambda: shaken(nn.BatchNorm2d(4)), norm_group=lambda: shaken(nn.GroupNorm(2, 4)),
        norm_instance=lambda: shaken(nn.InstanceNorm2d(4, affine=True)),
        norm_instance_plain=lambda: nn.InstanceNorm2d(4),
        norm_layer_all=lambda: shaken(nn.LayerNorm((4, 12, 12))), norm_response=lambda: nn.LocalResponseNorm(2),
        norm_conv=lambda: nn.Sequential(nn.Conv2d(4, 6, 3), shaken(nn.BatchNorm2d(6)), nn.ReLU()),
    ) + by_modules(
        series, norm1_batch=lambda: shaken(nn.BatchNorm1d(4)), norm1_instance=lambda: nn.InstanceNorm1d(4),
    ) + by_modules(
        sequence, norm_layer=lambda: shaken(nn.LayerNorm(6)), norm_rms=lambda: shaken(nn.RMSNorm(6)),
        norm_layer_plain=lambda: nn.LayerNorm(6, elementwise_affine=False),
        norm_unit=lambda: Call(lambda x: F.normalize(x, dim=-1)),
    )


def shaken(module: nn.Module) -> nn.Module:
    """A module whose parameters are not the ones and zeros that it starts with."""
    for kind, value in (*module.named_parameters(), *module.named_buffers()):
        if value.is_floating_point():
            nn.init.uniform_(value, *((0.5, 1.5) if "weight" in kind or "var" in kind else (-0.5, 0.5)))
    return module


def paddings() -> list[Module]:
    return by_modules(
        image, pad_zero=lambda: nn.ZeroPad2d((1, 2, 0, 1)), pad_constant=lambda: nn.ConstantPad2d(1, 0.5),
        pad_reflect=lambda: nn.ReflectionPad2d(2), pad_replicate=lambda: nn.ReplicationPad2d((1, 0, 2, 1)),
        pad_circular=lambda: nn.CircularPad2d(1), pad_crop=lambda: nn.ZeroPad2d((-1, -1, 1, 1)),
    ) + by_modules(series, pad1_reflect=lambda: nn.ReflectionPad1d(3), pad1_replicate=lambda: nn.ReplicationPad1d(2))


def shapes() -> list[Module]:
    return by_modules(
        image, shape_flatten=nn.Flatten, shape_pixel_shuffle=lambda: nn.PixelShuffle(2),
        shape_pixel_unshuffle=lambda: nn.PixelUnshuffle(2), shape_channel_shuffle=lambda: nn.ChannelShuffle(2),
        shape_nearest=lambda: nn.Upsample(scale_factor=2),
        shape_bilinear=lambda: nn.Upsample((20, 18), mode="bilinear"),
        shape_bilinear_corners=lambda: nn.UpsamplingBilinear2d(scale_factor=2),
        shape_bicubic=lambda: nn.Upsample(scale_factor=2, mode="bicubic"),
    ) + by_functions(
        image, shape_permute=lambda x: x.permute(0, 2, 3, 1).contiguous(), shape_flip=lambda x: x.flip(2),
        shape_slice=lambda x: x[:, 1:3, ::2, -5:-1], shape_roll=lambda x: torch.roll(x, 3, 2),
        shape_split=lambda x: torch.cat(x.chunk(2, 1)[::-1], 1), shape_repeat=lambda x: x.repeat(1, 2, 1, 1),
        shape_interleave=lambda x: x.repeat_interleave(2, 1),
        shape_stack=lambda x: torch.stack([x[:, 0], x[:, 1]], 1),
        shape_expand=lambda x: x[:, :1].expand(1, 4, 12, 12) + x, shape_narrow=lambda x: x.narrow(3, 2, 6),
        shape_unflatten=lambda x: x.unflatten(1, (2, 2)).mean(2), shape_squeeze=lambda x: x[:, :1].squeeze(1) * 2,
        shape_select=lambda x: x[:, [2, 0, 3]], shape_view=lambda x: x.view(1, -1, 6) + 1.0,
        shape_unfold=lambda x: x.unfold(3, 4, 2),
    )


def functions() -> list[Module]:
    """Functions of single elements, sums over axes, and choices."""
    single = by_functions(
        image, f_abs=torch.abs, f_exp=torch.exp, f_sin=torch.sin, f_cos=torch.cos, f_atan=torch.atan, f_erf=torch.erf,
        f_floor=torch.floor, f_ceil=torch.ceil, f_round=torch.round, f_sign=torch.sign, f_square=lambda x: x**2,
        f_cube=lambda x: x**3, f_clamp=lambda x: x.clamp(-0.5, 0.5), f_clamp_min=lambda x: x.clamp(min=0.2),
        f_where=lambda x: torch.where(x > 0, x, x * 0.1), f_masked=lambda x: x.masked_fill(x < 0, 2.0),
        f_greater=lambda x: (x > 0.3).float(), f_isnan=lambda x: torch.isnan(x).float(),
        f_nan_to_num=torch.nan_to_num, f_remainder=lambda x: x.remainder(0.7),
        f_lerp=lambda x: torch.lerp(x, x**2, 0.3),
        f_maximum=lambda x: torch.maximum(x, x.flip(3)), f_divide=lambda x: x / (x.abs() + 1),
        f_tan=torch.tan, f_sinh=torch.sinh, f_expm1=torch.expm1, f_asinh=torch.asinh,
    ) + by_functions(
        positive(image), f_log=torch.log, f_sqrt=torch.sqrt, f_rsqrt=torch.rsqrt, f_log1p=torch.log1p,
        f_power=lambda x: x**0.3, f_reciprocal=torch.reciprocal, f_decibels=lambda x: 10 * torch.log10(x),
    )
    return single + by_functions(
        image, r_mean=lambda x: x.mean((2, 3)), r_sum=lambda x: x.sum(1, keepdim=True), r_max=lambda x: x.amax((2, 3)),
        r_min=lambda x: x.amin(1), r_std=lambda x: x.std((2, 3)), r_var=lambda x: x.var(1, unbiased=False),
        r_argmax=lambda x: x.argmax(1), r_norm=lambda x: x.norm(dim=1), r_logsumexp=lambda x: x.logsumexp(1),
        r_max_at=lambda x: x.max(1), r_product=lambda x: x.prod(1), r_all=lambda x: x.mean(),
        r_cumsum=lambda x: x.cumsum(2), r_topk=lambda x: x.flatten(1).topk(3).values,
        r_sort=lambda x: x.flatten(1)[:, :8].sort().values,
    ) + by_functions(
        both(sequence, sequence), f_matmul=lambda a, b: a @ b.transpose(1, 2),
        f_bmm=lambda a, b: torch.bmm(a.transpose(1, 2), b),
        f_einsum=lambda a, b: torch.einsum("bif,bjf->bij", a, b), f_cosine=lambda a, b: F.cosine_similarity(a, b, -1),
        f_distance=lambda a, b: F.pairwise_distance(a, b), f_outer=lambda a, b: a[0, :, :1] @ b[0, :1, :],
        f_tril=lambda a, b: torch.tril(a @ b.transpose(1, 2)),
        f_gather=lambda a, b: a.gather(1, b.argmax(1, keepdim=True)),
        f_mul_broadcast=lambda a, b: a * b[:, :1], f_atan2=torch.atan2,
    )


def lookups() -> list[Module]:
    return by_modules(
        tokens, embedding=lambda: nn.Embedding(9, 5), embedding_padded=lambda: nn.Embedding(9, 5, padding_idx=0),
        embedding_mean=lambda: Call(lambda e, x: e(x).mean(1), nn.Embedding(9, 5)),
        embedding_bag=lambda: nn.EmbeddingBag(9, 5), one_hot=lambda: Call(lambda x: F.one_hot(x, 9).float()),
    ) + by_modules(
        vector, linear=lambda: nn.Linear(12, 5), linear_plain=lambda: nn.Linear(12, 5, bias=False),
        linear_mlp=lambda: nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 3), nn.Softmax(-1)),
    ) + [Module("bilinear", lambda: nn.Bilinear(12, 12, 3), both(vector, vector)),
         Module("linear_rows", lambda: nn.Linear(6, 4), sequence)]


def recurrents() -> list[Module]:
    """RNN, GRU and LSTM with everything that can be said of them, and their cells."""
    found = []
    for kind in (nn.RNN, nn.GRU, nn.LSTM):
        name = kind.__name__.lower()
        for what, options in {
            "plain": {}, "two": {"num_layers": 2}, "both": {"bidirectional": True}, "unbiased": {"bias": False},
            "two_both": {"num_layers": 2, "bidirectional": True},
        }.items():
            found.append(Module(f"{name}_{what}", lambda kind=kind, options=options: Call(  # type: ignore[misc]
                lambda rnn, x: rnn(x)[0], kind(6, 5, batch_first=True, **options)), sequence))
        found.append(Module(f"{name}_time_first", lambda kind=kind: Call(  # type: ignore[misc]
            lambda rnn, x: rnn(x)[0], kind(6, 5)), lambda: (torch.randn(10, 1, 6),)))
        found.append(Module(f"{name}_states", lambda kind=kind: kind(6, 5, batch_first=True),  # type: ignore[misc]
                            sequence))
        found.append(Module(f"{name}_classifier", lambda kind=kind: Call(  # type: ignore[misc]
            lambda rnn, head, x: head(rnn(x)[0][:, -1]), kind(6, 8, batch_first=True), nn.Linear(8, 3)), sequence))
    state = lambda: (torch.randn(1, 5),)  # noqa: E731
    features = lambda: (torch.randn(1, 6),)  # noqa: E731
    return [
        *found,
        Module("rnn_relu", lambda: Call(lambda rnn, x: rnn(x)[0], nn.RNN(6, 5, batch_first=True, nonlinearity="relu")),
               sequence),
        Module("lstm_projected", lambda: Call(lambda rnn, x: rnn(x)[0], nn.LSTM(6, 5, batch_first=True, proj_size=3)),
               sequence),
        Module("gru_given_state", lambda: Call(lambda rnn, x, h: rnn(x, h[None])[0], nn.GRU(6, 5, batch_first=True)),
               both(sequence, state)),
        Module("lstm_given_state", lambda: Call(lambda rnn, x, h, c: rnn(x, (h[None], c[None]))[0],
                                                nn.LSTM(6, 5, batch_first=True)), both(sequence, both(state, state))),
        Module("rnn_cell", lambda: nn.RNNCell(6, 5), both(features, state)),
        Module("gru_cell", lambda: nn.GRUCell(6, 5), both(features, state)),
        Module("lstm_cell", lambda: Call(lambda cell, x, h, c: cell(x, (h, c)), nn.LSTMCell(6, 5)),
               both(features, both(state, state))),
    ]


def attentions() -> list[Module]:
    """Attention and transformers of 8 features."""
    words = lambda: (torch.randn(1, 7, 8),)  # noqa: E731
    heads = lambda: (torch.randn(1, 2, 7, 4),)  # noqa: E731
    mask = nn.Transformer.generate_square_subsequent_mask(7)

    def attention(**options: Any) -> Callable[[], nn.Module]:
        return lambda: nn.MultiheadAttention(8, 2, batch_first=True, **options)

    def encoder(**options: Any) -> Callable[[], nn.Module]:
        return lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, **options)

    return [
        Module("mha", lambda: Call(lambda m, x: m(x, x, x, need_weights=False)[0], attention()()), words),
        Module("mha_weights", lambda: Call(lambda m, x: m(x, x, x), attention()()), words),
        Module("mha_masked", lambda: Call(
            lambda m, x: m(x, x, x, attn_mask=mask, need_weights=False)[0], attention()()), words),
        Module("mha_cross", lambda: Call(lambda m, x, y: m(x, y, y, need_weights=False)[0], attention()()),
               both(words, lambda: (torch.randn(1, 5, 8),))),
        Module("mha_unbiased", lambda: Call(lambda m, x: m(x, x, x, need_weights=False)[0], attention(bias=False)()),
               words),
        *by_functions(lambda: (*heads(), *heads(), *heads()), sdpa=F.scaled_dot_product_attention,
                      sdpa_causal=lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True)),
        *by_modules(words, encoder=encoder(), encoder_gelu=encoder(activation="gelu"),
                    encoder_norm_first=encoder(norm_first=True),
                    encoder_two=lambda: nn.TransformerEncoder(encoder()(), 2, enable_nested_tensor=False),
                    attention_own=lambda: OwnAttention(8, 2)),
        Module("decoder", lambda: nn.TransformerDecoderLayer(8, 2, 16, batch_first=True), both(words, words)),
        Module("encoder_classifier", lambda: Call(
            lambda e, place, t, head, x: head(t(e(x) + place.weight).mean(1)), nn.Embedding(9, 8), nn.Embedding(7, 8),
            encoder()(), nn.Linear(8, 3)), tokens),
    ]


class OwnAttention(nn.Module):
    """Attention as people write it themselves."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(size, 3 * size), nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        batch, steps, size = x.shape
        q, k, v = self.qkv(x).reshape(batch, steps, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.transpose(-2, -1) / sqrt(size // self.heads)).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, steps, size))


def unit(channels: int, out: int, **options: Any) -> nn.Sequential:
    """A convolution, its normalisation and a ReLU."""
    return nn.Sequential(nn.Conv2d(channels, out, 3, padding=1, bias=False, **options), shaken(nn.BatchNorm2d(out)),
                         nn.ReLU())


def networks() -> list[Module]:
    """Blocks of well-known networks, small."""
    return by_modules(
        image, net_cnn=lambda: nn.Sequential(unit(4, 8), nn.MaxPool2d(2), unit(8, 8), nn.AdaptiveAvgPool2d(1),
                                             nn.Flatten(), nn.Linear(8, 3)),
        net_residual=lambda: Call(lambda a, b, x: F.relu(b(a(x)) + x), unit(4, 4), unit(4, 4)),
        net_inverted=lambda: Call(lambda a, b, c, x: x + c(F.relu6(b(F.relu6(a(x))))), nn.Conv2d(4, 12, 1),
                                  nn.Conv2d(12, 12, 3, padding=1, groups=12), nn.Conv2d(12, 4, 1)),
        net_squeeze=lambda: Call(lambda a, b, x: x * b(F.relu(a(x.mean((2, 3))))).sigmoid().view(1, 4, 1, 1),
                                 nn.Linear(4, 2), nn.Linear(2, 4)),
        net_spatial=lambda: Call(lambda c, x: x * torch.sigmoid(c(torch.cat([x.mean(1, True), x.amax(1, True)], 1))),
                                 nn.Conv2d(2, 1, 7, padding=3)),
        net_inception=lambda: Call(lambda a, b, c, x: torch.cat([a(x), b(x), c(F.max_pool2d(x, 3, 1, 1))], 1),
                                   nn.Conv2d(4, 2, 1), unit(4, 3), nn.Conv2d(4, 2, 1)),
        net_dense=lambda: Call(lambda a, b, x: b(torch.cat([x, a(x)], 1)), unit(4, 4), unit(8, 4)),
        net_u=lambda: Call(lambda a, b, up, c, x: c(torch.cat([a(x), up(b(F.max_pool2d(a(x), 2)))], 1)), unit(4, 4),
                           unit(4, 8), nn.ConvTranspose2d(8, 4, 2, 2), nn.Conv2d(8, 2, 1)),
        net_shuffle=lambda: Call(lambda a, shuffle, x: shuffle(torch.cat([x[:, :2], a(x[:, 2:])], 1)),
                                 unit(2, 2, groups=2), nn.ChannelShuffle(2)),
        net_convnext=lambda: Call(
            lambda d, n, a, b, x: x + b(F.gelu(a(n(d(x).permute(0, 2, 3, 1))))).permute(0, 3, 1, 2),
            nn.Conv2d(4, 4, 7, padding=3, groups=4), shaken(nn.LayerNorm(4)), nn.Linear(4, 8), nn.Linear(8, 4)),
        net_patches=lambda: Call(lambda p, t, head, x: head(t(p(x).flatten(2).transpose(1, 2)).mean(1)),
                                 nn.Conv2d(4, 8, 4, 4), nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
                                 nn.Linear(8, 3)),
        net_crnn=lambda: Call(lambda c, rnn, head, x: head(rnn(c(x).mean(2).transpose(1, 2))[0][:, -1]), unit(4, 6),
                              nn.GRU(6, 5, batch_first=True), nn.Linear(5, 3)),
        net_heads=lambda: Call(lambda c, a, b, x: (a(c(x).mean((2, 3))), b(c(x)).sigmoid()), unit(4, 4),
                               nn.Linear(4, 3), nn.Conv2d(4, 1, 1)),
    ) + by_modules(
        series, net_tcn=lambda: Call(lambda a, b, x: F.relu(b(F.relu(a(F.pad(x, (2, 0)))))) + x, nn.Conv1d(4, 4, 3),
                                     nn.Conv1d(4, 4, 1)),
        net_gated=lambda: Call(lambda a, b, x: torch.tanh(a(x)) * torch.sigmoid(b(x)), nn.Conv1d(4, 4, 3, dilation=2),
                               nn.Conv1d(4, 4, 3, dilation=2)),
        net_autoencoder=lambda: nn.Sequential(nn.Flatten(), nn.Linear(80, 16), nn.Tanh(), nn.Linear(16, 80),
                                              nn.Unflatten(1, (4, 20))),
        net_mixer=lambda: Call(lambda a, b, x: b(a(x).transpose(1, 2)).transpose(1, 2) + x, nn.Linear(20, 20),
                               nn.Linear(4, 4)),
    )


def every() -> list[Module]:
    """All of them, each under a name of its own."""
    found = [*lookups(), *convolutions(), *pools(), *norms(), *activations(), *paddings(), *shapes(), *functions(),
             *recurrents(), *attentions(), *networks()]
    assert len({m.name for m in found}) == len(found)
    return found
