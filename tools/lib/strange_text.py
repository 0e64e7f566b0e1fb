"""Pictures of text for tools/make-strange-pictures: pages, listings, windows, forms, large words."""

import platform
import sysconfig
import textwrap
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from strange_made import generated, random_size
from strange_packages import Source, Unavailable

LICENCES = Path("/usr/share/common-licenses")
LICENCE_NAMES = ["Apache-2.0", "Artistic", "GFDL-1.3", "GPL-1", "GPL-2", "GPL-3", "LGPL-2", "LGPL-2.1", "MPL-1.1", "MPL-2.0"]
LIBRARY_NAMES = ["argparse.py", "ast.py", "calendar.py", "configparser.py", "csv.py", "fractions.py", "heapq.py", "shutil.py",
                 "statistics.py", "textwrap.py", "turtle.py", "zipfile.py"]
FONTS = {
    "fonts-dejavu-core": ("usr/share/fonts/truetype/dejavu", "DejaVu", ["Sans", "Sans-Bold", "Serif", "Serif-Bold"],
                          ["SansMono", "SansMono-Bold"]),
    "fonts-liberation": ("usr/share/fonts/truetype/liberation", "Liberation",
                         ["Sans-Regular", "Sans-Italic", "Sans-Bold", "Serif-Regular", "Serif-Italic", "Serif-Bold"],
                         ["Mono-Regular", "Mono-Bold"]),
}
# Ink and paper: print, worn print, screens light and dark, poor contrast, coloured.
COLOURS = [("#000000", "#ffffff"), ("#202020", "#fdf6e3"), ("#333344", "#e8e4da"), ("#1f2328", "#f6f8fa"), ("#e6e6e6", "#1e1e1e"),
           ("#00d060", "#000000"), ("#8a8a8a", "#d0d0d0"), ("#555555", "#999999"), ("#ffffff", "#0b5cad"), ("#7a1010", "#fff3b0"),
           ("#103010", "#b5d99c"), ("#5b3a1e", "#e3c9a3"), ("#f5d76e", "#5a2a5a")]


class Text:
    """Pictures of text; every fifth is of the same layout."""

    def __init__(self, packages):
        self.texts = self.read(packages, "base-files", LICENCES, LICENCE_NAMES)
        self.programs = self.read(None, "python", Path(sysconfig.get_paths()["stdlib"]), LIBRARY_NAMES)
        self.letters, self.typewriter = [], []
        for package, (folder, family, letters, typewriter) in FONTS.items():
            root = packages.get(package, installed_will_do=True)[1]
            for names, fonts in ((letters, self.letters), (typewriter, self.typewriter)):
                fonts += [root / folder / f"{family}{name}.ttf" for name in names]
        for font in self.letters + self.typewriter:
            if not font.is_file():
                raise Unavailable(f"text needs the font {font}, which its package lacks here")
        fonts = len(self.letters + self.typewriter)
        print(f"text: {len(self.texts)} texts, {len(self.programs)} programs, {fonts} fonts", flush=True)

    @staticmethod
    def read(packages, package, folder, names):
        """[(package, version, file, lines)] of the texts that are there."""
        version = platform.python_version()
        if packages is not None:
            version = packages.get(package, installed_will_do=True)[0]
        found = []
        for name in names:
            if (folder / name).is_file():
                lines = (folder / name).read_text(encoding="utf-8", errors="replace").expandtabs(4).splitlines()
                found.append((package, version, folder / name, [line.rstrip() for line in lines]))
        if not found:
            raise Unavailable(f"text needs texts, and {folder} has none of {', '.join(names)}")
        return found

    def __call__(self, index, rng):
        layouts = [self.page, self.listing, self.window, self.form, self.words]
        layout = layouts[index % len(layouts)]
        width, height = random_size(rng)
        turn = float([0, 0, rng.normal(0, 4), rng.uniform(-20, 20), 90 * rng.integers(1, 4)][int(rng.integers(0, 5))])
        ink, paper = COLOURS[int(rng.integers(0, len(COLOURS)))]
        on_side, slanted = turn % 180 == 90, turn % 90 != 0
        wide, high = (height, width) if on_side else (width, height)
        # Paper all around, so that slanting shows no corners.
        around = int(np.hypot(wide, high)) // 2 if slanted else 0
        canvas = Image.new("RGB", (wide + 2 * around, high + 2 * around), paper)
        area = (around, around, around + wide, around + high)
        chosen, font, size = layout(rng, canvas, ink, paper, area)
        canvas = canvas.rotate(turn, Image.BICUBIC, fillcolor=paper) if slanted else canvas.rotate(turn, expand=True)
        if slanted:
            canvas = canvas.crop(area)
        blur = float(rng.uniform(0.5, 1.5)) if rng.random() < 0.25 else 0.0
        if blur > 0:
            canvas = canvas.filter(ImageFilter.GaussianBlur(blur))
        if rng.random() < 0.35:
            canvas = photographed(rng, canvas)
        details = generated(layout.__name__, font=font.stem, size=size, ink=ink, paper=paper, turned=turn, blur=blur).details
        package, version, file, _ = chosen
        return canvas, Source(package, version, str(file), f"{layout.__name__}; {details}")

    def some_lines(self, rng, texts, count):
        """A text and `count` of its lines from a random place on, the empty ones at the start left out."""
        chosen = texts[int(rng.integers(0, len(texts)))]
        first = int(rng.integers(0, max(1, len(chosen[3]) - count)))
        lines = chosen[3][first:first + count]
        while lines and not lines[0].strip():
            lines = lines[1:]
        return chosen, lines or chosen[3]

    def font(self, rng, fonts, least, most):
        file, size = fonts[int(rng.integers(0, len(fonts)))], int(rng.integers(least, most + 1))
        return file, size, ImageFont.truetype(str(file), size)

    def page(self, rng, canvas, ink, _, area):
        """Paragraphs as in a book, some with a heading and in two columns."""
        file, size, font = self.font(rng, self.letters, 9, 30)
        draw = ImageDraw.Draw(canvas)
        chosen, lines = self.some_lines(rng, self.texts, 160)
        words = " ".join(line.strip() or "\n" for line in lines).split(" ")
        edge = int(rng.integers(4, 30))
        columns = 2 if size < 14 and rng.random() < 0.4 else 1
        left, top, right, bottom = area
        top += edge
        if rng.random() < 0.4:
            heading = ImageFont.truetype(str(file), int(1.8 * size))
            draw.text((left + edge, top), " ".join(words[:4]).replace("\n", "").strip(), ink, heading)
            top += int(3 * size)
        room = (right - left - edge * (columns + 1)) / columns
        place = 0
        for column in range(columns):
            y = top
            while y < bottom and place < len(words):
                line = []
                while place < len(words) and words[place] != "\n" and font.getlength(" ".join([*line, words[place]])) < room:
                    line.append(words[place])
                    place += 1
                if place < len(words) and (words[place] == "\n" or not line):
                    place += 1
                draw.text((left + edge + column * (room + edge), y), " ".join(line), ink, font)
                y += int(1.3 * size)
        return chosen, file, size

    def listing(self, rng, canvas, ink, _, area):
        """A program with numbered lines, its words in several colours on some."""
        file, size, font = self.font(rng, self.typewriter, 9, 24)
        draw = ImageDraw.Draw(canvas)
        chosen, lines = self.some_lines(rng, self.programs, (area[3] - area[1]) // size + 2)
        lines = textwrap.dedent("\n".join(lines)).split("\n")
        coloured, others = rng.random() < 0.6, ["#d04040", "#3070d0", "#309050", "#a050c0", "#c08020"]
        wide = font.getlength("0")
        for number, line in enumerate(lines):
            x, y = area[0] + 4, area[1] + 4 + number * int(1.3 * size)
            draw.text((x, y), f"{number + 1:3d}", "#888888", font)
            x += 5 * wide + wide * (len(line) - len(line.lstrip()))
            for word in line.split():
                draw.text((x, y), word, others[len(word) % len(others)] if coloured and len(word) % 3 == 0 else ink, font)
                x += wide * (len(word) + 1)
        return chosen, file, size

    def window(self, rng, canvas, ink, paper, area):
        """A screen: a title bar, a list at the side, a text and two buttons."""
        file, size, font = self.font(rng, self.letters, 10, 17)
        draw = ImageDraw.Draw(canvas)
        chosen, lines = self.some_lines(rng, self.texts, 60)
        accent = "#" + "".join(f"{int(value):02x}" for value in rng.integers(40, 220, 3))
        x, y, right, bottom = area
        bar, side = int(2.2 * size), int((right - x) * rng.uniform(0.2, 0.35))
        draw.rectangle((x, y, right - 1, bottom - 1), paper, ink)
        draw.rectangle((x, y, right - 1, y + bar), accent)
        draw.text((x + 8, y + size // 2), chosen[2].name, "#ffffff", font)
        for button, colour in enumerate(["#ff5f57", "#febc2e", "#28c840"]):
            end = right - button * bar - 6
            draw.ellipse((end - bar + 12, y + 6, end, y + bar - 6), colour)
        draw.line((x + side, y + bar, x + side, bottom), ink)
        high, marked = int(1.8 * size), int(rng.integers(0, 6))
        for row in range((bottom - y - bar) // high):
            top = y + bar + row * high
            if row == marked:
                draw.rectangle((x + 1, top, x + side - 1, top + high), accent)
            word = max(lines[row % len(lines)].split() or ["entry"], key=len)
            draw.text((x + 8, top + size // 3), fit(word, font, side - 12), "#ffffff" if row == marked else ink, font)
        for row, line in enumerate(lines):
            top = y + bar + 6 + row * int(1.4 * size)
            if top > bottom - 5 * size:
                break
            draw.text((x + side + 8, top), fit(line.strip(), font, right - x - side - 12), ink, font)
        for number, label in enumerate(["OK", "Cancel"]):
            left = right - (number + 1) * 7 * size
            draw.rectangle((left, bottom - 3 * size, left + 6 * size, bottom - size), accent if number == 0 else paper, ink)
            draw.text((left + size, bottom - int(2.6 * size)), label, "#ffffff" if number == 0 else ink, font)
        return chosen, file, size

    def form(self, rng, canvas, ink, _, area):
        """A table with words and figures in ruled cells."""
        file, size, font = self.font(rng, self.letters, 10, 22)
        draw = ImageDraw.Draw(canvas)
        chosen, lines = self.some_lines(rng, self.texts, 120)
        words = [word for line in lines for word in line.split()]
        columns, high = int(rng.integers(2, 6)), int(rng.uniform(1.5, 2.4) * size)
        left, top, right = area[0] + 6, area[1] + 6, area[2] - 6
        wide = (right - left) / columns
        rows = (area[3] - 6 - top) // high
        for row in range(rows + 1):
            y = top + row * high
            draw.line((left, y, right, y), ink, 2 if row < 2 else 1)
            for column in range(columns if row < rows else 0):
                figure = row > 0 and column > 0 and rng.random() < 0.7
                cell = f"{rng.uniform(0, 1000):.2f}" if figure else words[(row * columns + column) % len(words)]
                draw.text((left + column * wide + 4, y + (high - size) // 3), fit(cell, font, wide - 6), ink, font)
        for column in range(columns + 1):
            draw.line((left + column * wide, top, left + column * wide, top + rows * high), ink)
        return chosen, file, size

    def words(self, rng, canvas, ink, _, area):
        """A few large words, as on a poster or a label."""
        file, size, font = self.font(rng, self.letters, 40, 150)
        draw = ImageDraw.Draw(canvas)
        chosen, lines = self.some_lines(rng, self.texts, 20)
        words = [word for line in lines for word in line.split()]
        for row in range((area[3] - area[1]) // size + 1):
            word = words[row % len(words)]
            place = (area[0] + 5, area[1] + 5 + row * int(1.15 * size))
            draw.text(place, word.upper() if rng.random() < 0.3 else word, ink, font)
        return chosen, file, size


def fit(text, font, room):
    while text and font.getlength(text) > room:
        text = text[:-1]
    return text


def photographed(rng, picture):
    """With uneven light and noise, as a photograph of a page or a screen has."""
    values = np.asarray(picture, dtype=float)
    height, width = values.shape[:2]
    across, down = np.linspace(-1, 1, width)[None, :, None], np.linspace(-1, 1, height)[:, None, None]
    light = rng.uniform(0.75, 0.95) + 0.2 * (rng.uniform(-1, 1) * across + rng.uniform(-1, 1) * down)
    tint = rng.uniform(0.85, 1.0, 3)
    values = values * light * tint + rng.uniform(1, 8) * rng.standard_normal(values.shape)
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
