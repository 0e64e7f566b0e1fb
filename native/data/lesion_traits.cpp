#include "native/data/lesion_traits.h"

#include <algorithm>
#include <array>

namespace dermdistill {
namespace {

enum Label { kMel, kNv, kBcc, kAk, kBkl, kDf, kVasc, kScc, kLabels };

const std::array<LesionTraits, kLabels>& typical() {
  static const std::array<LesionTraits, kLabels> traits = [] {
    std::array<LesionTraits, kLabels> t{};
    t[kMel] = {.radius = 0.62f,
               .elongation = 1.3f,
               .irregularity = 0.34f,
               .softness = 0.06f,
               .asymmetry = 0.75f,
               .pigment = 0.95f,
               .redness = 0.2f,
               .variegation = 0.85f,
               .network = 0.45f,
               .network_disorder = 0.9f,
               .globules = 0.2f,
               .black_dots = 0.55f,
               .streaks = 0.55f,
               .veil = 0.65f,
               .regression = 0.4f,
               .dotted_vessels = 0.1f};
    t[kNv] = {.radius = 0.46f,
              .elongation = 1.15f,
              .irregularity = 0.1f,
              .softness = 0.13f,
              .asymmetry = 0.15f,
              .pigment = 0.62f,
              .redness = 0.12f,
              .variegation = 0.22f,
              .network = 0.6f,
              .network_disorder = 0.15f,
              .globules = 0.45f,
              .black_dots = 0.08f};
    t[kBcc] = {.radius = 0.5f,
               .elongation = 1.2f,
               .irregularity = 0.2f,
               .softness = 0.1f,
               .asymmetry = 0.45f,
               .pigment = 0.1f,
               .redness = 0.5f,
               .variegation = 0.3f,
               .branching_vessels = 0.85f,
               .blue_nests = 0.5f,
               .ulcer = 0.4f,
               .scales = 0.1f};
    t[kAk] = {.radius = 0.58f,
              .elongation = 1.3f,
              .irregularity = 0.28f,
              .softness = 0.3f,
              .asymmetry = 0.4f,
              .pigment = 0.12f,
              .redness = 0.62f,
              .variegation = 0.3f,
              .yellow = 0.1f,
              .scales = 0.6f,
              .follicles = 0.75f};
    t[kBkl] = {.radius = 0.56f,
               .elongation = 1.3f,
               .irregularity = 0.15f,
               .softness = 0.025f,
               .asymmetry = 0.3f,
               .pigment = 0.5f,
               .redness = 0.08f,
               .variegation = 0.35f,
               .yellow = 0.4f,
               .milia = 0.7f,
               .comedones = 0.6f,
               .ridges = 0.6f,
               .scales = 0.1f};
    t[kDf] = {.radius = 0.44f,
              .elongation = 1.1f,
              .irregularity = 0.09f,
              .softness = 0.22f,
              .asymmetry = 0.1f,
              .pigment = 0.42f,
              .redness = 0.22f,
              .variegation = 0.15f,
              .network = 0.5f,
              .network_disorder = 0.1f,
              .dotted_vessels = 0.1f,
              .scar = 0.85f};
    t[kVasc] = {.radius = 0.42f,
                .elongation = 1.15f,
                .irregularity = 0.14f,
                .softness = 0.05f,
                .asymmetry = 0.2f,
                .pigment = 0.05f,
                .redness = 0.95f,
                .variegation = 0.3f,
                .veil = 0.1f,
                .lacunae = 0.95f};
    t[kScc] = {.radius = 0.54f,
               .elongation = 1.2f,
               .irregularity = 0.24f,
               .softness = 0.1f,
               .asymmetry = 0.4f,
               .pigment = 0.12f,
               .redness = 0.6f,
               .variegation = 0.35f,
               .yellow = 0.2f,
               .dotted_vessels = 0.7f,
               .ulcer = 0.35f,
               .scales = 0.45f,
               .keratin = 0.75f};
    return t;
  }();
  return traits;
}

/// Which classes a class is mistaken for in practice.
constexpr std::array<std::array<Label, 2>, kLabels> kConfused{
    {{kNv, kBkl}, {kMel, kDf}, {kScc, kBkl}, {kScc, kBkl}, {kMel, kAk}, {kNv, kBcc}, {kBcc, kMel}, {kAk, kBcc}}};

/// Every trait, so that they can be mixed and varied alike.
constexpr std::array kShape{&LesionTraits::radius, &LesionTraits::elongation, &LesionTraits::irregularity,
                            &LesionTraits::softness, &LesionTraits::asymmetry};
constexpr std::array kColour{&LesionTraits::pigment, &LesionTraits::redness, &LesionTraits::variegation,
                             &LesionTraits::yellow};
constexpr std::array kStructures{&LesionTraits::network,        &LesionTraits::network_disorder,
                                 &LesionTraits::globules,       &LesionTraits::black_dots,
                                 &LesionTraits::streaks,        &LesionTraits::veil,
                                 &LesionTraits::regression,     &LesionTraits::branching_vessels,
                                 &LesionTraits::dotted_vessels, &LesionTraits::blue_nests,
                                 &LesionTraits::ulcer,          &LesionTraits::milia,
                                 &LesionTraits::comedones,      &LesionTraits::ridges,
                                 &LesionTraits::scar,           &LesionTraits::lacunae,
                                 &LesionTraits::scales,         &LesionTraits::follicles,
                                 &LesionTraits::keratin};

}  // namespace

LesionTraits draw_traits(int label, Random& random) {
  const auto own = static_cast<std::size_t>(label);
  LesionTraits traits = typical()[own];
  constexpr double kMixed = 0.3;
  if (random.chance(kMixed)) {
    const LesionTraits& other = typical()[kConfused[own][random.below(2)]];
    const float share = uniform(random, 0.25, 0.6);
    const auto mix = [&](auto& members) {
      for (auto member : members) traits.*member += share * (other.*member - traits.*member);
    };
    mix(kShape);
    mix(kColour);
    mix(kStructures);
  }
  for (auto member : kShape) traits.*member *= uniform(random, 0.65, 1.35);
  for (auto member : kColour)
    traits.*member = std::clamp(traits.*member * uniform(random, 0.6, 1.35) + uniform(random, -0.08, 0.08), 0.0f, 1.1f);
  constexpr double kAbsent = 0.25, kStray = 0.04;
  for (auto member : kStructures) {
    const bool absent = random.chance(kAbsent), stray = random.chance(kStray);
    const float strength = uniform(random, 0.5, 1.3), stray_strength = uniform(random, 0.2, 0.6);
    traits.*member = absent ? 0 : std::min(traits.*member * strength, 1.2f);
    if (stray) traits.*member = std::max(traits.*member, stray_strength);
  }
  traits.elongation = std::max(traits.elongation, 1.0f);
  return traits;
}

}  // namespace dermdistill
