#include "core/distill/mixup.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/random.h"

namespace dermdistill {
namespace {

constexpr std::uint64_t kMixupStream = 31;  // of the run's seed

}  // namespace

Mixture draw_mixture(double alpha, int images, std::uint64_t seed, int epoch, int step) {
  Random random(
      mix_seed(mix_seed(seed, kMixupStream), static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(step)));
  Mixture mixture;
  const double lambda = beta(random, alpha, alpha);
  mixture.share = std::max(lambda, 1 - lambda);
  mixture.partners.resize(static_cast<std::size_t>(images));
  std::iota(mixture.partners.begin(), mixture.partners.end(), 0);
  random.shuffle(std::span(mixture.partners));
  return mixture;
}

void mix_images(const Mixture& mixture, std::span<const float> images, std::span<float> mixed) {
  const std::size_t count = mixture.partners.size();
  if (count == 0 || images.size() % count != 0) {
    throw ShapeError("images to mix", std::to_string(images.size()) + " values",
                     "as many for each of " + std::to_string(count));
  }
  if (mixed.size() != images.size()) {
    throw ShapeError("mixed images", std::to_string(mixed.size()) + " values", std::to_string(images.size()));
  }
  const std::size_t length = images.size() / count;
  const auto own = static_cast<float>(mixture.share), other = static_cast<float>(1 - mixture.share);
  parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t index) {
    const auto image = static_cast<std::size_t>(index);
    const float* a = images.data() + image * length;
    const float* b = images.data() + static_cast<std::size_t>(mixture.partners[image]) * length;
    float* to = mixed.data() + image * length;
    for (std::size_t i = 0; i < length; ++i) to[i] = own * a[i] + other * b[i];
  });
}

void partner_labels(const Mixture& mixture, std::span<const int> labels, std::span<int> others) {
  if (labels.size() != mixture.partners.size() || others.size() != labels.size()) {
    throw ShapeError("labels to mix", std::to_string(labels.size()) + " values",
                     std::to_string(mixture.partners.size()));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    others[i] = labels[static_cast<std::size_t>(mixture.partners[i])];
  }
}

}  // namespace dermdistill
