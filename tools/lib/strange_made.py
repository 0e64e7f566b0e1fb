"""Blank skin tones and noise, generated, for tools/make-strange-pictures."""

import numpy as np
from PIL import Image, ImageDraw

from strange_packages import Source

# The ten tones of the Monk Skin Tone scale, from very light to very dark.
TONES = np.array([(246, 237, 228), (243, 231, 219), (247, 234, 208), (234, 218, 186), (215, 189, 150),
                  (160, 126, 86), (130, 92, 67), (96, 65, 52), (58, 49, 42), (41, 36, 32)], dtype=float)
GOLDEN = 0.6180339887498949


def random_size(rng):
    """Both sides from 200 to 600 px, one at most twice the other."""
    width, height = (int(rng.integers(200, 601)) for _ in range(2))
    return min(width, 2 * height), min(height, 2 * width)


def to_picture(values):
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def generated(name, **parameters):
    def shown(value):
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    details = [f"{key.replace('_', ' ')} {shown(value)}" for key, value in parameters.items()]
    return Source("generated", "-", name, "; ".join(details))


def waves(rng, width, height, sigma):
    """Noise smoothed by a Gaussian of `sigma` px that goes on around the border, height by width, of deviation 1."""
    field = np.fft.rfft2(rng.standard_normal((height, width)))
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    field *= np.exp(-2 * np.pi**2 * sigma**2 * (down**2 + across**2))
    field[0, 0] = 0
    smooth = np.fft.irfft2(field, (height, width))
    return smooth / max(smooth.std(), 1e-12)


def ramp(width, height, angle):
    """Rises from -1 to 1 in the direction of the angle, height by width."""
    across, down = np.linspace(-1, 1, width)[None, :], np.linspace(-1, 1, height)[:, None]
    rising = np.cos(angle) * across + np.sin(angle) * down
    return rising / np.abs(rising).max()


def distance(width, height, centre=(0.0, 0.0)):
    """From the centre, in halves of the shorter side, height by width."""
    across = (np.arange(width) - (width - 1) / 2)[None, :] / (min(width, height) / 2) - centre[0]
    down = (np.arange(height) - (height - 1) / 2)[:, None] / (min(width, height) / 2) - centre[1]
    return np.hypot(across, down)


def hairs(rng, width, height, count, thickness):
    """How much of each pixel hairs cover, 0 to 1: curves from border to border or a part of that."""
    mask = Image.new("L", (2 * width, 2 * height), 0)
    draw = ImageDraw.Draw(mask)
    for _ in range(count):
        start, end = rng.uniform(-0.1, 1.1, 2), rng.uniform(-0.1, 1.1, 2)
        bend = (start + end) / 2 + rng.normal(0, 0.12, 2)
        along = np.linspace(0, 1, 40)[:, None]
        points = (1 - along) ** 2 * start + 2 * along * (1 - along) * bend + along**2 * end
        line = [(float(x * 2 * width), float(y * 2 * height)) for x, y in points]
        shade, thick = int(rng.integers(150, 256)), max(1, round(2 * thickness * rng.uniform(0.6, 1.3)))
        draw.line(line, fill=shade, width=thick, joint="curve")
    return np.asarray(mask.resize((width, height), Image.BOX), dtype=float)[:, :, None] / 255


def make_skin(index, rng):
    """A skin tone with soft gradients; some with pores, furrows or grain, dark corners, a round rim, hairs. No lesion."""
    width, height = random_size(rng)
    shorter = min(width, height)
    # The golden ratio spreads the tones evenly over the scale, however many are made.
    tone = (len(TONES) - 1) * (((index + 1) * GOLDEN) % 1.0)
    below = min(int(tone), len(TONES) - 2)
    colour = TONES[below] + (tone - below) * (TONES[below + 1] - TONES[below])
    redness = rng.uniform(0, 0.12)
    colour = colour * (1 + redness * np.array([0.4, -0.8, -0.6])) * rng.uniform(0.8, 1.0) + rng.normal(0, 2, 3)
    parameters = {"tone": float(tone + 1), "redness": float(redness)}

    light = np.ones((height, width))
    parameters["gradient"] = float(rng.uniform(0, 0.2))
    light += parameters["gradient"] * ramp(width, height, rng.uniform(0, 2 * np.pi))
    parameters["mottling"] = float(rng.uniform(0, 0.025))
    light += parameters["mottling"] * waves(rng, width, height, shorter * rng.uniform(0.08, 0.3))
    parameters["texture"] = texture = str(rng.choice(["none", "pores", "furrows", "grain"]))
    if texture == "pores":
        light -= rng.uniform(0.03, 0.10) * np.clip(waves(rng, width, height, rng.uniform(0.9, 2.0)) - 1.6, 0, None)
    elif texture == "furrows":
        lines = np.exp(-((waves(rng, width, height, rng.uniform(3, 9)) / 0.15) ** 2))
        light -= rng.uniform(0.03, 0.09) * lines
    elif texture == "grain":
        light += rng.uniform(0.01, 0.03) * waves(rng, width, height, rng.uniform(0.7, 1.5))
    blush = rng.uniform(0, 0.02) * colour.mean() * waves(rng, width, height, shorter * rng.uniform(0.2, 0.4))
    skin = colour * light[:, :, None] + blush[:, :, None] * np.array([0.5, -0.5, -0.4])

    if rng.random() < 0.3:
        count = int(rng.integers(1, 16))
        dark = np.array([(30, 22, 18), (70, 50, 35), (120, 95, 70)][int(rng.integers(0, 3))], dtype=float)
        cover = hairs(rng, width, height, count, shorter * rng.uniform(0.003, 0.009)) * rng.uniform(0.6, 0.95)
        skin = skin * (1 - cover) + np.minimum(dark, skin * 0.7) * cover
        parameters["hairs"] = count
    border = rng.random()
    if border < 0.25:
        parameters["dark_corners"] = float(rng.uniform(0.2, 0.8))
        away = distance(width, height)
        skin *= 1 - parameters["dark_corners"] * (away / away.max())[:, :, None] ** rng.uniform(2, 5)
    elif border < 0.35:
        parameters["round_rim"] = float(rng.uniform(0.85, 1.15))
        skin *= np.clip((parameters["round_rim"] - distance(width, height)) * rng.uniform(15, 60), 0, 1)[:, :, None]
    parameters["noise"] = float(rng.uniform(0.3, 4))
    skin += parameters["noise"] * rng.standard_normal(skin.shape)
    return to_picture(skin), generated("skin", **parameters)


def any_colour(rng):
    return rng.uniform(0, 255, 3)


def filled(width, height, colour):
    return np.broadcast_to(colour, (height, width, 3)).astype(float)


def white_noise(rng, width, height, _):
    mean, deviation = rng.uniform(80, 175), rng.uniform(15, 90)
    grey = rng.random() < 0.5
    field = rng.standard_normal((height, width, 1 if grey else 3))
    return np.repeat(mean + deviation * field, 3 if grey else 1, axis=2), {"grey": grey, "mean": mean, "deviation": deviation}


def smoothed_noise(rng, width, height, turn):
    sigma = float(2.0 ** (turn % 7) * rng.uniform(0.7, 1.4))
    grey = rng.random() < 0.5
    fields = [waves(rng, width, height, sigma) for _ in range(1 if grey else 3)]
    values = np.stack(fields * (3 if grey else 1), axis=2)
    mean, deviation = rng.uniform(70, 185), rng.uniform(15, 70)
    return mean + deviation * values, {"grey": grey, "sigma": sigma, "deviation": deviation}


def clouds(rng, width, height, _):
    """Noise of several scales between two colours."""
    octaves = sum(0.6**step * waves(rng, width, height, 64 / 2**step) for step in range(6))
    share = np.clip(0.5 + 0.3 * octaves / octaves.std(), 0, 1)[:, :, None]
    first, second = any_colour(rng), any_colour(rng)
    return first * (1 - share) + second * share, {"colours": f"{colour_name(first)} {colour_name(second)}"}


def colour_name(colour):
    return "#" + "".join(f"{int(value):02x}" for value in colour)


def single_colour(rng, width, height, _):
    colour = any_colour(rng)
    return filled(width, height, colour), {"colour": colour_name(colour)}


def black_or_white(rng, width, height, turn):
    """Nothing but black, nearly black, grey or white, as from a covered or a dazzled camera."""
    level = float([0.0, rng.uniform(0, 20), 255.0, rng.uniform(235, 255), rng.uniform(60, 200)][turn % 5])
    noise = 0.0 if turn % 5 in (0, 2) else float(rng.uniform(0, 6))
    return filled(width, height, level) + noise * rng.standard_normal((height, width, 3)), {"level": level, "noise": noise}


def straight_gradient(rng, width, height, _):
    share = ((1 + ramp(width, height, rng.uniform(0, 2 * np.pi))) / 2)[:, :, None]
    first, second = any_colour(rng), any_colour(rng)
    return first * (1 - share) + second * share, {"colours": f"{colour_name(first)} {colour_name(second)}"}


def round_gradient(rng, width, height, _):
    share = np.clip(distance(width, height, rng.uniform(-0.6, 0.6, 2)) / rng.uniform(0.5, 1.6), 0, 1)[:, :, None]
    first, second = any_colour(rng), any_colour(rng)
    return first * (1 - share) + second * share, {"colours": f"{colour_name(first)} {colour_name(second)}"}


def two_coloured(rng, chosen, plain):
    first, second = (np.zeros(3), np.full(3, 255.0)) if plain else (any_colour(rng), any_colour(rng))
    return np.where(chosen[:, :, None], first, second), {"colours": f"{colour_name(first)} {colour_name(second)}"}


def checkerboard(rng, width, height, turn):
    side = int(rng.integers(4, 80))
    chosen = (np.arange(height)[:, None] // side + np.arange(width)[None, :] // side) % 2 == 0
    values, parameters = two_coloured(rng, chosen, turn % 2 == 0)
    return values, {"side": side, **parameters}


def stripes(rng, width, height, turn):
    period, angle = rng.uniform(6, 90), rng.uniform(0, np.pi)
    along = np.cos(angle) * np.arange(width)[None, :] + np.sin(angle) * np.arange(height)[:, None]
    values, parameters = two_coloured(rng, np.sin(2 * np.pi * along / period) > 0, turn % 3 == 0)
    return values, {"period": float(period), **parameters}


def blocks(rng, width, height, _):
    side = int(rng.integers(8, 100))
    colours = rng.uniform(0, 255, (-(-height // side), -(-width // side), 3))
    return np.repeat(np.repeat(colours, side, axis=0), side, axis=1)[:height, :width], {"side": side}


def salt_and_pepper(rng, width, height, _):
    values, share = filled(width, height, any_colour(rng)).copy(), rng.uniform(0.02, 0.5)
    draw = rng.random((height, width))
    values[draw < share / 2] = 0
    values[draw > 1 - share / 2] = 255
    return values, {"share": float(share)}


GENERATORS = [white_noise, smoothed_noise, single_colour, clouds, straight_gradient, smoothed_noise, checkerboard, black_or_white,
              round_gradient, blocks, smoothed_noise, stripes, salt_and_pepper]


def make_noise(index, rng):
    turn, which = divmod(index, len(GENERATORS))
    width, height = random_size(rng)
    generator = GENERATORS[which]
    values, parameters = generator(rng, width, height, turn + which)
    return to_picture(values), generated(generator.__name__.replace("_", " "), **parameters)
