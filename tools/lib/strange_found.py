"""Photographs and drawings of Debian packages, cropped and put on grounds, for tools/make-strange-pictures."""

import numpy as np
from PIL import Image

from strange_packages import Failed, Source

# Package, folder and the names of real photographs in it; its renderings and patterns are left out.
SCENES = [
    ("lomiri-wallpapers-16.04", "usr/share/backgrounds",
     ["Picture_*", "Wine_*", "greentock_*", "seeding_*", "aitzgorri_*", "Dragonfly_*", "friends_*", "sunset_*", "free_*",
      "picosdeeuropa_*", "life_*", "Bridge_*"]),
    ("lxqt-themes", "usr/share/lxqt/wallpapers",
     ["flowers.png", "fog.jpg", "after-the-rain.jpg", "Butterfly-Kenneth-Wimer.jpg", "beam.png", "Valendas.png",
      "appleflower.png", "cloud.png", "drop.png", "this-is-not-windows.jpg", "butterfly.png"]),
    ("mate-backgrounds", "usr/share/backgrounds/mate/nature", ["*.jpg"]),
    ("python3-skimage", "usr/lib/python3/dist-packages/skimage/data",
     ["coffee.png", "camera.png", "astronaut.png", "gravel.png", "brick.png", "motorcycle_left.png", "hubble_deep_field.jpg",
      "moon.png", "grass.png", "retina.jpg", "ihc.png", "rocket.jpg", "chelsea.png", "coins.png"]),
    ("python3-sklearn", "usr/lib/python3/dist-packages/sklearn/datasets/images", ["china.jpg", "flower.jpg"]),
    ("tuxpaint-data", "usr/share/tuxpaint", ["templates/*.jpg", "starters/reef-back.png"]),
]

STAMPS = ("tuxpaint-stamps-default", "usr/share/tuxpaint/stamps")
PHOTOGRAPHED = ["animals/**/*.png", "food/fruit/*.png", "food/nuts/*.png", "food/spices/*.png", "food/vegetables/*.png",
                "hobbies/**/*.png", "household/tools/*.png", "plants/**/*.png", "space/moon/*.png", "space/planets/*.png",
                "symbols/money/*/coins/*.png", "seasonal/halloween/grave-*.png"]
NOT_PHOTOGRAPHED = ["cartoon", "toys", "hedgehog.png", "walnut_shell.png"]
DRAWN = ["**/cartoon/*.png", "clothes/**/*.png", "seasonal/easter/*.png", "seasonal/hanukkah/*.png", "seasonal/halloween/*.png",
         "symbols/*.png", "symbols/chess/*.png", "symbols/faces/*.png", "symbols/shapes/*.png", "symbols/alphabets/asl/asl_[a-j].png",
         "town/roadsigns/*.png", "town/flags/*.png"]
NOT_DRAWN = ["grave-", "clothespin", "button.png"]
LINE_DRAWINGS = ("tuxpaint-data", "usr/share/tuxpaint/starters")
NOT_LINE_DRAWINGS = ["reef", "-back.png"]
ICONS = ("gnome-icon-theme", "usr/share/icons/gnome/256x256")


class Found:
    """A picture's file in a package."""

    def __init__(self, package, version, root, file):
        self.package, self.version, self.root, self.file = package, version, root, file

    def source(self, details):
        return Source(self.package, self.version, "/" + str(self.file.relative_to(self.root)), details)


def find(packages, package, folder, patterns, without=()):
    """The package's pictures that the patterns name, in order of their paths, each once and none that is a link."""
    version, root = packages.get(package)
    place = root / folder
    files = {file for pattern in patterns for file in place.glob(pattern) if file.is_file() and not file.is_symlink()}
    files = [file for file in sorted(files) if not any(part in str(file.relative_to(place)) for part in without)]
    if not files:
        raise Failed(f"package {package} {version} has none of the pictures that were expected in /{folder}")
    return [Found(package, version, root, file) for file in files]


def shuffled(items, seed):
    return [items[index] for index in np.random.default_rng(seed).permutation(len(items))]


def load(found, side):
    """The picture as RGBA, no smaller than twice `side` where a JPEG can be decoded smaller."""
    with Image.open(found.file) as picture:
        picture.draft("RGB", (2 * side, 2 * side))
        if picture.mode.startswith("I;16") or picture.mode == "I":
            raise Failed(f"{found.file}: 16 bits a sample; expected 8")
        return picture.convert("RGBA")


def on_ground(picture, colour):
    ground = Image.new("RGBA", picture.size, (*colour, 255))
    ground.alpha_composite(picture)
    return ground.convert("RGB")


def trimmed(picture):
    """Without the empty margin."""
    box = picture.getchannel("A").point(lambda value: 255 if value > 8 else 0).getbbox()
    return picture.crop(box) if box else picture


def crop_of(rng, width, height):
    """A box of 40 % to the whole of each side, at most twice as long as wide."""
    across, down = (side * rng.uniform(0.4, 1.0) for side in (width, height))
    across, down = min(across, 2 * down), min(down, 2 * across)
    left, top = rng.uniform(0, width - across), rng.uniform(0, height - down)
    return tuple(int(round(value)) for value in (left, top, left + across, top + down))


def size_within(rng, across, down):
    """A random size of these proportions with both sides from 200 to 600 px."""
    ratio = max(across, down) / min(across, down)
    longest = rng.uniform(min(600.0, max(260.0, 200.0 * ratio)), 600.0)
    scale = longest / max(across, down)
    return tuple(int(np.clip(round(side * scale), 200, 600)) for side in (across, down))


def placed(picture, rng, colour, least):
    """The cut-out picture on a plain ground, `least` of the ground's side or more, and what was done in words."""
    width, height = (int(rng.integers(200, 601)) for _ in range(2))
    if max(width, height) > 2 * min(width, height):
        width = height = min(width, height)
    fill = rng.uniform(least, 1.0)
    picture = trimmed(picture)
    scale = fill * min(width / picture.width, height / picture.height)
    thing = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.LANCZOS)
    left, top = (int(rng.integers(0, room + 1)) for room in (width - thing.width, height - thing.height))
    canvas = Image.new("RGBA", (width, height), (*colour, 255))
    canvas.alpha_composite(thing, (left, top))
    return canvas.convert("RGB"), f"ground {'#%02x%02x%02x' % colour}; at {left},{top} {thing.width}x{thing.height}"


class Photographs:
    """Three of five are crops of scenes, two are cut-out things on white (one in two) or on a plain colour."""

    def __init__(self, packages, seed):
        self.scenes = shuffled([found for entry in SCENES for found in find(packages, *entry)], seed)
        self.things = shuffled(find(packages, *STAMPS, PHOTOGRAPHED, NOT_PHOTOGRAPHED), seed)
        print(f"photographs: {len(self.scenes)} scenes and {len(self.things)} cut-out things", flush=True)

    def __call__(self, index, rng):
        turn, place = divmod(index, 5)
        if place < 3:
            return self.scene(self.scenes[(3 * turn + place) % len(self.scenes)], rng)
        found = self.things[(2 * turn + place - 3) % len(self.things)]
        colour = (255, 255, 255) if rng.random() < 0.5 else tuple(int(value) for value in rng.integers(0, 256, 3))
        picture, details = placed(load(found, 600), rng, colour, 0.6)
        return picture, found.source(details)

    @staticmethod
    def scene(found, rng):
        picture = on_ground(load(found, 1200), (0, 0, 0))
        box = crop_of(rng, *picture.size)
        size = size_within(rng, box[2] - box[0], box[3] - box[1])
        details = f"crop {box[0]},{box[1]} to {box[2]},{box[3]} of {picture.width}x{picture.height}"
        return picture.crop(box).resize(size, Image.LANCZOS), found.source(details)


class Drawings:
    """Two of four are cartoons and signs, one an icon, one a line drawing or, once those are used up, another cartoon."""

    def __init__(self, packages, seed):
        self.cartoons = shuffled(find(packages, *STAMPS, DRAWN, NOT_DRAWN), seed)
        self.lines = shuffled(find(packages, *LINE_DRAWINGS, ["*.png"], NOT_LINE_DRAWINGS), seed)
        self.icons = shuffled(find(packages, *ICONS, ["**/*.png"]), seed)
        print(f"drawings: {len(self.cartoons)} cartoons and signs, {len(self.lines)} line drawings and frames, {len(self.icons)} "
              "icons", flush=True)

    def __call__(self, index, rng):
        turn, place = divmod(index, 4)
        if place == 2:
            found = self.icons[turn % len(self.icons)]
        elif place == 3 and turn < len(self.lines):
            found = self.lines[turn]
        elif place == 3:
            found = self.cartoons[-1 - (turn - len(self.lines)) % len(self.cartoons)]
        else:
            found = self.cartoons[(2 * turn + place) % len(self.cartoons)]
        picture, details = placed(load(found, 600), rng, (255, 255, 255), 0.6)
        return picture, found.source(details)
