// Every layer once more: plain, in double, straight from its definition. What the engine is compared with.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/index.h"
#include "core/base/large_vector.h"
#include "core/base/random.h"
#include "core/nn/backend.h"
#include "core/nn/network.h"

namespace dermdistill::reference {

using Vector = std::vector<double>;

constexpr bool kInDouble = sizeof(Scalar) == sizeof(double);
/// The reference and the fastest one; in double they are the same.
inline const std::vector<const char*> kBackends =
    kInDouble ? std::vector{"eigen", "fused"} : std::vector{"eigen", "fused", "auto"};

/// Null where this build or this processor does not have it.
inline const Backend* backend_if_available(std::string_view name) {
  try {
    return &backend_named(name);
  } catch (const InputError&) {
    return nullptr;
  }
}

using dermdistill::at;

inline std::vector<Scalar> random_values(std::size_t size, Random& random, double deviation = 1.0) {
  std::vector<Scalar> values(size);
  for (Scalar& value : values) value = static_cast<Scalar>(deviation * random.normal());
  return values;
}

inline Vector widen(std::span<const Scalar> values) { return {values.begin(), values.end()}; }

/// Calls body(x index, w index, y index) for every product of a convolution; weights [out, k, k, in] or [k, k,
/// channels].
template <typename Body>
void for_products(const ConvShape& s, Body&& body) {
  for (int b = 0; b < s.batch; ++b) {
    for (int oy = 0; oy < s.out_height(); ++oy) {
      for (int ox = 0; ox < s.out_width(); ++ox) {
        for (int ky = 0; ky < s.kernel; ++ky) {
          for (int kx = 0; kx < s.kernel; ++kx) {
            const int iy = oy * s.stride + ky - s.padding, ix = ox * s.stride + kx - s.padding;
            if (iy < 0 || iy >= s.in_height || ix < 0 || ix >= s.in_width) continue;
            const std::int64_t in = (static_cast<std::int64_t>(b * s.in_height + iy) * s.in_width + ix) * s.in_channels;
            const std::int64_t out =
                (static_cast<std::int64_t>(b * s.out_height() + oy) * s.out_width() + ox) * s.out_channels;
            for (int o = 0; o < s.out_channels; ++o) {
              if (s.depthwise) {
                body(at(in + o), at(static_cast<std::int64_t>(ky * s.kernel + kx) * s.out_channels + o), at(out + o));
                continue;
              }
              for (int i = 0; i < s.in_channels; ++i) {
                body(at(in + i), at((static_cast<std::int64_t>(o * s.kernel + ky) * s.kernel + kx) * s.in_channels + i),
                     at(out + o));
              }
            }
          }
        }
      }
    }
  }
}

inline Vector convolve(const ConvShape& s, const Vector& x, const Vector& w) {
  Vector y(s.output_size(), 0.0);
  for_products(s, [&](std::size_t xi, std::size_t wi, std::size_t yi) { y[yi] += x[xi] * w[wi]; });
  return y;
}

inline double activate(double z, Activation activation) {
  if (activation == Activation::None) return z;
  z = std::max(z, 0.0);
  return activation == Activation::Relu6 ? std::min(z, 6.0) : z;
}

/// Training-mode batch norm over rows of `channels`, plus residual (or empty), then the activation.
inline Vector normalise(const Vector& x, int channels, const Vector& weight, const Vector& bias, const Vector& residual,
                        Activation activation) {
  const std::size_t n = at(channels), rows = x.size() / n;
  Vector y(x.size());
  for (std::size_t c = 0; c < n; ++c) {
    double mean = 0, variance = 0;
    for (std::size_t r = 0; r < rows; ++r) mean += x[r * n + c];
    mean /= static_cast<double>(rows);
    for (std::size_t r = 0; r < rows; ++r) variance += (x[r * n + c] - mean) * (x[r * n + c] - mean);
    variance /= static_cast<double>(rows);
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t i = r * n + c;
      const double z = (x[i] - mean) / std::sqrt(variance + 1e-5) * weight[c] + bias[c];
      y[i] = activate(z + (residual.empty() ? 0.0 : residual[i]), activation);
    }
  }
  return y;
}

inline Vector max_pool(const Vector& x, int batch, int height, int width, int channels) {
  const int rows = (height - 1) / 2 + 1, columns = (width - 1) / 2 + 1;
  Vector y;
  for (int b = 0; b < batch; ++b) {
    for (int oy = 0; oy < rows; ++oy) {
      for (int ox = 0; ox < columns; ++ox) {
        for (int c = 0; c < channels; ++c) {
          double best = -1e300;
          for (int iy = std::max(0, oy * 2 - 1); iy <= std::min(height - 1, oy * 2 + 1); ++iy) {
            for (int ix = std::max(0, ox * 2 - 1); ix <= std::min(width - 1, ox * 2 + 1); ++ix) {
              best = std::max(best, x[at((static_cast<std::int64_t>(b * height + iy) * width + ix) * channels + c)]);
            }
          }
          y.push_back(best);
        }
      }
    }
  }
  return y;
}

inline Vector average_pool(const Vector& x, int batch, int pixels, int channels) {
  Vector y(at(batch * channels), 0.0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i / at(pixels * channels) * at(channels) + i % at(channels)] += x[i] / pixels;
  }
  return y;
}

inline double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Central difference of f with respect to x[index].
inline double finite_difference(const std::function<double()>& f, double& x, double step = 1e-6) {
  const double kept = x;
  x = kept + step;
  const double above = f();
  x = kept - step;
  const double below = f();
  x = kept;
  return (above - below) / (2 * step);
}

/// Largest absolute difference over the largest magnitude of `expected`.
template <typename Actual, typename Expected>
double relative_difference(const Actual& actual, const Expected& expected) {
  double difference = 0, magnitude = 1e-30;
  if (actual.size() != expected.size()) return 1e30;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    difference = std::max(difference, std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i])));
    magnitude = std::max(magnitude, std::abs(static_cast<double>(expected[i])));
  }
  return std::isnan(difference) ? 1e30 : difference / magnitude;
}

/// The three passes of a convolution by their definition.
struct Passes {
  Vector y, dx, dw;
};

inline Passes passes_of(const ConvShape& s, std::span<const Scalar> x, std::span<const Scalar> w,
                        std::span<const Scalar> dy) {
  Passes passes{convolve(s, widen(x), widen(w)), Vector(x.size(), 0.0), Vector(w.size(), 0.0)};
  for_products(s, [&](std::size_t xi, std::size_t wi, std::size_t yi) {
    passes.dx[xi] += static_cast<double>(w[wi]) * static_cast<double>(dy[yi]);
    passes.dw[wi] += static_cast<double>(x[xi]) * static_cast<double>(dy[yi]);
  });
  return passes;
}

/// How far a convolution's passes are from those, each relative to its largest value.
struct PassDifferences {
  double y, dx, dw;
};

inline PassDifferences differences(Convolution& convolution, std::span<const Scalar> x, std::span<const Scalar> w,
                                   std::span<const Scalar> dy, const Passes& expected) {
  LargeVector<Scalar> y(expected.y.size(), Scalar(7)), dx(x.size(), Scalar(7)), dw(w.size(), Scalar(7));
  convolution.forward(x, w, y);
  convolution.backward_data(dy, w, dx);
  convolution.backward_weights(x, dy, dw);
  return {relative_difference(y, expected.y), relative_difference(dx, expected.dx),
          relative_difference(dw, expected.dw)};
}

}  // namespace dermdistill::reference
