// Draws a made-up lesion: skin whose light is absorbed by melanin and blood, with whitish, bluish and yellowish layers
// above.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"
#include "native/data/lesion_traits.h"
#include "native/data/noise.h"
#include "native/data/strokes.h"
#include "native/data/synthesis.h"

namespace dermdistill {
namespace {

using Colour = std::array<float, 3>;

constexpr Colour kMelaninAbsorption{0.75f, 1.2f, 1.5f};
constexpr Colour kBloodAbsorption{0.22f, 1.1f, 0.85f};
constexpr Colour kBlue{0.38f, 0.42f, 0.53f}, kWhite{0.93f, 0.88f, 0.87f}, kYellow{0.86f, 0.74f, 0.5f};

/// 0 below `low`, 1 above `high`, smooth between.
float step(float low, float high, float value) {
  const float t = std::clamp((value - low) / (high - low), 0.0f, 1.0f);
  return t * t * (3 - 2 * t);
}

/// A disc in the middle of a cell, as wide as `radius` and with a fade.
float disc(const Noise::Cell& cell, float radius) { return 1 - step(0.75f * radius, 1.25f * radius, cell.nearest); }

/// What lies in and over the skin at one point.
struct Layers {
  float melanin = 0, blood = 0, blue = 0, white = 0, yellow = 0;
};

/// A lesion in its own coordinates, whose origin is its middle; the same in every picture of it.
class Lesion {
 public:
  Lesion(int label, std::uint64_t seed)
      : random_(seed),
        traits_(draw_traits(label, random_)),
        coarse_(random_.bits()),
        fine_(random_.bits()),
        cells_(random_.bits()),
        vessels_(kVesselMap) {
    axis_ = uniform(random_, 0, 2 * std::numbers::pi);
    dark_side_ = uniform(random_, 0, 2 * std::numbers::pi);
    network_scale_ = uniform(random_, 10, 15);
    skin_ = draw_skin();
    if (traits_.branching_vessels > 0.05f)
      draw_branching_vessels(vessels_, random_, 1.05f * traits_.radius, std::min(1.0f, traits_.branching_vessels));
  }

  Colour colour(float x, float y) const {
    const Layers layers = layers_at(x, y);
    Colour result{};
    for (std::size_t k = 0; k < 3; ++k) {
      float value = skin_[k] * std::exp(-layers.melanin * kMelaninAbsorption[k] - layers.blood * kBloodAbsorption[k]);
      value += std::clamp(layers.blue, 0.0f, 0.85f) * (kBlue[k] - value);
      value += std::clamp(layers.yellow, 0.0f, 0.7f) * (kYellow[k] - value);
      value += std::clamp(layers.white, 0.0f, 0.85f) * (kWhite[k] - value);
      result[k] = value;
    }
    return result;
  }

 private:
  static constexpr int kVesselMap = 256;

  Colour draw_skin() {
    const float fairness = uniform(random_, 0, 1);  // most pictures of such collections show fair skin
    const float warmth = uniform(random_, -0.03, 0.03);
    return {0.93f - 0.13f * fairness + warmth, 0.77f - 0.18f * fairness, 0.72f - 0.22f * fairness - warmth};
  }

  Layers layers_at(float x, float y) const {
    Layers layers = bare_skin(x, y);
    const float c = std::cos(axis_), s = std::sin(axis_), stretch = std::sqrt(traits_.elongation);
    const float px = (c * x + s * y) / stretch, py = (c * y - s * x) * stretch;
    const float r = std::hypot(px, py);
    const float lean = r > 0 ? (px * std::cos(dark_side_) + py * std::sin(dark_side_)) / r : 0;
    const float border = coarse_.fractal(1.5f * x + 3, 1.5f * y, 4) + 0.35f * fine_.fractal(5 * x, 5 * y + 9, 2);
    const float edge = traits_.radius * (1 + 1.2f * traits_.irregularity * border + 0.25f * traits_.asymmetry * lean);
    const float inside = edge - r;  // distance to the border, positive within
    const float body = step(-traits_.softness - 0.01f, traits_.softness + 0.01f, inside);
    if (inside < -0.35f) return layers;
    add_body(layers, x, y, body, lean * std::min(1.0f, r / traits_.radius));
    add_pigment_structures(layers, x, y, body, inside);
    add_vascular_structures(layers, x, y, body, inside);
    add_pale_structures(layers, x, y, body, r / edge);
    return layers;
  }

  Layers bare_skin(float x, float y) const {
    const Noise::Cell furrow = cells_.cell(17 * x + 40, 17 * y, 0.9f);
    Layers layers;
    layers.melanin = 0.05f + 0.05f * coarse_.fractal(1.2f * x, 1.2f * y + 30, 3) +
                     0.035f * (1 - step(0, 0.22f, furrow.second - furrow.nearest));
    layers.blood = 0.07f + 0.07f * coarse_.fractal(1.7f * x + 50, 1.7f * y, 3) + 0.03f * fine_.value(24 * x, 24 * y);
    return layers;
  }

  void add_body(Layers& layers, float x, float y, float body, float lean) const {
    const float patches = coarse_.fractal(2.6f * x + 11, 2.6f * y + 5, 4);
    const float uneven = 1 + 0.95f * traits_.variegation * patches + 0.5f * traits_.asymmetry * lean;
    layers.melanin += body * traits_.pigment * std::max(0.1f, uneven);
    layers.blood += body * traits_.redness * std::max(0.1f, 1 - 0.6f * traits_.variegation * patches);
    layers.yellow += body * traits_.yellow * (0.45f + 0.4f * fine_.fractal(3 * x, 3 * y, 3));
    layers.melanin += body * 0.06f * fine_.fractal(14 * x, 14 * y, 2);
  }

  void add_pigment_structures(Layers& layers, float x, float y, float body, float inside) const {
    const LesionTraits& t = traits_;
    if (t.streaks > 0.02f) {
      const float angle = std::atan2(y, x);
      const float ray = step(0.15f, 0.5f, fine_.value(9 * std::cos(angle) + 20, 9 * std::sin(angle)));
      layers.melanin += 0.9f * t.streaks * ray * std::exp(-(inside + 0.02f) * (inside + 0.02f) / 0.006f);
    }
    if (body < 0.02f) return;
    if (t.network > 0.02f) {
      const float wobble = (0.45f + 0.5f * t.network_disorder) * coarse_.value(4 * x, 4 * y);
      const Noise::Cell mesh =
          cells_.cell(network_scale_ * x + wobble, network_scale_ * y - wobble, 0.45f + 0.55f * t.network_disorder);
      const float line = 1 - step(0.05f, 0.3f + 0.15f * t.network_disorder * mesh.random, mesh.second - mesh.nearest);
      const float patchy =
          std::clamp(0.9f + (0.5f + 1.2f * t.network_disorder) * coarse_.fractal(3 * x + 70, 3 * y, 2), 0.0f, 1.8f);
      const float outer = t.scar > 0.05f ? 1 - std::exp(-inside * inside / 0.03f) * 0.2f : 1;
      layers.melanin += body * outer * patchy * t.network * (0.6f * line - 0.2f);
    }
    if (t.ridges > 0.02f) {
      const float wave =
          std::sin(34 * (x + 0.25f * coarse_.fractal(2 * x, 2 * y + 60, 3)) + 9 * coarse_.value(1.5f * y + 8, x));
      layers.melanin += body * t.ridges * 0.22f * wave;
    }
    add_dots(layers.melanin, x, y, body * t.globules * 0.75f, 8.5f, 0.27f, 0.45f);
    add_dots(layers.melanin, x, y, body * t.black_dots * 1.7f * step(-0.2f, 0.4f, coarse_.value(3 * x + 90, 3 * y)), 13,
             0.24f, 0.6f);
    add_dots(layers.melanin, x, y, body * t.comedones * 1.1f, 5.5f, 0.2f, 0.6f);
    if (t.veil > 0.02f) {
      layers.blue += 0.95f * t.veil * step(0, 0.1f, inside - 0.03f) *
                     step(-0.05f, 0.3f, coarse_.fractal(1.9f * x + 33, 1.9f * y + 71, 3));
    }
    if (t.blue_nests > 0.02f) {
      const Noise::Cell nest = cells_.cell(4.2f * x + 120, 3.4f * y + 7, 0.8f);
      if (nest.random > 0.5f)
        layers.blue += body * std::min(1.0f, 1.5f * t.blue_nests) * 0.8f * disc(nest, 0.22f + 0.16f * nest.random);
    }
  }

  /// Adds discs of this strength to a layer: `scale` cells a unit, of which a share holds one.
  void add_dots(float& layer, float x, float y, float strength, float scale, float radius, float absent) const {
    if (strength < 0.02f) return;
    const Noise::Cell cell = cells_.cell(scale * x + 7 * scale, scale * y + 3 * scale, 0.9f);
    if (cell.random >= absent) layer += strength * disc(cell, radius * (0.7f + 0.6f * cell.random));
  }

  void add_vascular_structures(Layers& layers, float x, float y, float body, float inside) const {
    const LesionTraits& t = traits_;
    if (t.branching_vessels > 0.05f) layers.blood += vessels_.at_point(x, y) * step(-0.2f, 0.02f, inside);
    if (body < 0.02f) return;
    add_dots(layers.blood, x, y, body * t.dotted_vessels * 1.3f, 11, 0.21f, 0.35f);
    if (t.lacunae > 0.02f) {
      const Noise::Cell clod = cells_.cell(4.6f * x + 200, 4.6f * y + 31, 0.75f);
      const float lake = disc(clod, 0.42f);
      layers.blood += body * t.lacunae * (1.5f * lake * (0.5f + clod.random) - 0.25f * (1 - lake));
      layers.blue += body * t.lacunae * 0.55f * lake * step(0.45f, 0.9f, clod.random);
      layers.melanin += body * t.lacunae * 0.4f * lake * step(0.6f, 1, clod.random);
      layers.white += body * t.lacunae * 0.2f * (1 - lake);
    }
    if (t.ulcer > 0.02f) {
      const float sore =
          step(0.12f, 0.3f, coarse_.fractal(2.1f * x + 140, 2.1f * y + 15, 3) - 0.25f * std::hypot(x, y)) * body;
      layers.blood += 1.5f * t.ulcer * sore;
      layers.melanin += 0.5f * t.ulcer * sore;
      layers.yellow += 0.3f * t.ulcer * sore * step(0, 0.4f, fine_.value(12 * x, 12 * y + 5));
    }
  }

  void add_pale_structures(Layers& layers, float x, float y, float body, float depth) const {
    const LesionTraits& t = traits_;
    if (t.regression > 0.02f) {
      const float pale = t.regression * body * step(0.05f, 0.35f, coarse_.fractal(2.2f * x + 160, 2.2f * y + 80, 3));
      layers.melanin *= 1 - 0.65f * std::min(1.0f, pale);
      layers.white += 0.45f * pale;
    }
    if (t.scar > 0.02f) {
      const float middle = t.scar * std::exp(-depth * depth / 0.17f) * (1 + 0.3f * fine_.fractal(6 * x, 6 * y, 2));
      layers.melanin *= 1 - 0.75f * std::min(1.0f, middle);
      layers.white += 0.6f * middle;
    }
    if (t.keratin > 0.02f) {
      const float mass =
          t.keratin * step(0.05f, 0.3f, 0.55f - depth + 0.5f * coarse_.fractal(2.4f * x + 180, 2.4f * y, 3)) * body;
      layers.yellow += 0.75f * mass;
      layers.white += 0.4f * mass * (1 + fine_.fractal(7 * x + 3, 7 * y, 3));
    }
    if (t.scales > 0.02f) {
      const float flakes = step(0.1f, 0.35f, fine_.fractal(4.5f * x + 60, 4.5f * y + 22, 4)) * step(0, 0.3f, body);
      layers.white += 0.7f * t.scales * flakes;
      layers.yellow += 0.2f * t.scales * flakes;
    }
    if (t.follicles > 0.02f) {
      const Noise::Cell pore = cells_.cell(8 * x + 90, 8 * y + 13, 0.85f);
      const float seen = step(-0.5f, 0.3f, coarse_.value(4 * x + 19, 4 * y + 77));
      layers.blood += t.follicles * body * 0.3f * step(0.25f, 0.5f, pore.nearest);
      layers.yellow += seen * t.follicles * body * 0.5f * disc(pore, 0.2f + 0.1f * pore.random);
      layers.white += seen * t.follicles * body * 0.3f * disc(pore, 0.15f);
    }
    add_dots(layers.white, x, y, body * t.milia * 0.85f, 6.5f, 0.18f, 0.5f);
  }

  Random random_;
  LesionTraits traits_;
  Noise coarse_, fine_, cells_;
  StrokeMap vessels_;
  float axis_ = 0, dark_side_ = 0, network_scale_ = 10;
  Colour skin_{};
};

/// How one picture was taken.
struct View {
  explicit View(Random& random)
      : angle(uniform(random, 0, 2 * std::numbers::pi)),
        zoom(uniform(random, 0.85, 1.2)),
        x(uniform(random, -0.14, 0.14)),
        y(uniform(random, -0.14, 0.14)),
        exposure(uniform(random, 0.88, 1.1)),
        balance{uniform(random, 0.96, 1.04), uniform(random, 0.98, 1.02), uniform(random, 0.94, 1.06)},
        vignette(random.chance(0.25) ? uniform(random, 0.6, 1.0) : uniform(random, 0, 0.25)),
        vignette_radius(uniform(random, 1.0, 1.25)),
        light_angle(uniform(random, 0, 2 * std::numbers::pi)),
        grain(uniform(random, 0.006, 0.02)) {}

  float angle, zoom, x, y, exposure;
  Colour balance;
  float vignette, vignette_radius, light_angle, grain;
};

}  // namespace

Image synthesise_lesion(int label, std::uint64_t lesion_seed, std::uint64_t view_seed, int size) {
  if (label < 0 || label >= 8) throw InputError("class " + std::to_string(label), "does not exist", "0 to 7");
  if (size < 32 || size > 2048)
    throw InputError("the picture's side", "is " + std::to_string(size), "32 to 2048 pixels");
  const Lesion lesion(label, lesion_seed);
  Random random(view_seed);
  const View view(random);
  StrokeMap hairs(size), ruler(size);
  if (random.chance(0.3)) draw_hairs(hairs, random, 2 + static_cast<int>(random.below(12)));
  if (random.chance(0.05)) draw_ruler(ruler, random);
  const float hair_tone = uniform(random, 0.08, 0.3);

  Image image{size, size,
              std::vector<std::uint8_t>(static_cast<std::size_t>(size) * static_cast<std::size_t>(size) * 3)};
  const float c = std::cos(view.angle), s = std::sin(view.angle);
  const float light_x = std::cos(view.light_angle), light_y = std::sin(view.light_angle);
  std::size_t at = 0;
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      const float u = (2 * static_cast<float>(column) + 1) / static_cast<float>(size) - 1;
      const float v = (2 * static_cast<float>(row) + 1) / static_cast<float>(size) - 1;
      const float x = (u - view.x) / view.zoom, y = (v - view.y) / view.zoom;
      const Colour skin = lesion.colour(c * x - s * y, s * x + c * y);
      const float rim = step(view.vignette_radius - 0.12f, view.vignette_radius + 0.12f, std::hypot(u, v));
      const float light = view.exposure * (1 + 0.06f * (u * light_x + v * light_y)) * (1 - 0.08f * (u * u + v * v)) *
                          (1 - view.vignette * rim);
      const float hair = hairs.at(column, row), tick = ruler.at(column, row);
      const float grain = view.grain * (uniform(random, -1, 1) + uniform(random, -1, 1));
      for (std::size_t k = 0; k < 3; ++k) {
        float value = skin[k] + hair * (hair_tone * (1.15f - 0.15f * static_cast<float>(k)) - skin[k]);
        value += tick * (0.1f - value);
        value = value * light * view.balance[k] + grain;
        image.rgb[at++] = static_cast<std::uint8_t>(std::clamp(value, 0.0f, 1.0f) * 255 + 0.5f);
      }
    }
  }
  return image;
}

}  // namespace dermdistill
