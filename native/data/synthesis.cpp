#include "native/data/synthesis.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <mutex>
#include <numeric>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/io/model_card.h"
#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/data/jpeg_writer.h"

namespace fs = std::filesystem;

namespace dermdistill {
namespace {

constexpr int kClasses = 8, kFewestPerClass = 5, kJpegQuality = 92;
constexpr std::string_view kInputFolder = "ISIC_2019_Training_Input";
/// Images of ISIC 2019; the square root of these softens the imbalance.
constexpr std::array<double, kClasses> kRealCounts{4522, 12875, 3323, 867, 2624, 239, 253, 628};
constexpr std::array<double, kClasses> kMeanAge{62, 46, 66, 68, 64, 52, 53, 70};
constexpr std::array<double, kClasses> kMaleShare{0.58, 0.49, 0.58, 0.6, 0.53, 0.42, 0.47, 0.62};
constexpr std::array<std::string_view, 8> kSites{"anterior torso", "head/neck",   "lateral torso",   "lower extremity",
                                                 "oral/genital",   "palms/soles", "posterior torso", "upper extremity"};
/// How often the sites are seen, for sun-exposed classes (BCC, AK, SCC) and for the others.
constexpr std::array<double, 8> kSunSites{0.13, 0.5, 0.01, 0.12, 0.005, 0.01, 0.1, 0.125};
constexpr std::array<double, 8> kOtherSites{0.29, 0.12, 0.02, 0.24, 0.005, 0.025, 0.17, 0.13};

struct Picture {
  int label = 0, lesion = 0;
  std::uint64_t lesion_seed = 0, view_seed = 0;
  std::string id, age, site, sex;
};

std::array<int, kClasses> class_counts(int images) {
  std::array<double, kClasses> share{};
  for (std::size_t i = 0; i < kClasses; ++i) share[i] = std::sqrt(kRealCounts[i]);
  const double sum = std::accumulate(share.begin(), share.end(), 0.0);
  const int free = images - kClasses * kFewestPerClass;
  std::array<int, kClasses> counts{};
  for (std::size_t i = 0; i < kClasses; ++i) counts[i] = kFewestPerClass + static_cast<int>(free * share[i] / sum);
  counts[1] += images - std::accumulate(counts.begin(), counts.end(), 0);  // what rounding left goes to the nevi
  return counts;
}

std::string_view draw_site(Random& random, const std::array<double, 8>& shares) {
  double at = random.uniform() * std::accumulate(shares.begin(), shares.end(), 0.0);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    at -= shares[i];
    if (at < 0) return kSites[i];
  }
  return kSites.back();
}

/// About as in the real set: most lesions have one picture, a few up to four.
int draw_views(Random& random) {
  const double u = random.uniform();
  return u < 0.62 ? 1 : u < 0.85 ? 2 : u < 0.95 ? 3 : 4;
}

std::vector<Picture> plan(const SynthesisConfig& config) {
  Random random(config.seed);
  std::vector<Picture> pictures;
  const std::array<int, kClasses> counts = class_counts(config.images);
  int lesion = 0;
  for (int label = 0; label < kClasses; ++label) {
    const auto k = static_cast<std::size_t>(label);
    const bool sun = label == 2 || label == 3 || label == 7;
    for (int left = counts[k]; left > 0; ++lesion) {
      Picture picture{label, lesion, random.bits(), 0, {}, {}, {}, {}};
      const int age =
          5 * static_cast<int>(std::lround(
                  std::clamp(kMeanAge[k] + 15 * (random.uniform(-1, 1) + random.uniform(-1, 1)), 5.0, 85.0) / 5));
      picture.age = random.chance(0.02) ? "" : std::to_string(age);
      picture.sex = random.chance(0.02) ? "" : random.chance(kMaleShare[k]) ? "male" : "female";
      picture.site = random.chance(0.08) ? "" : std::string(draw_site(random, sun ? kSunSites : kOtherSites));
      for (int views = std::min(draw_views(random), left); views > 0; --views, --left) {
        picture.view_seed = random.bits();
        pictures.push_back(picture);
      }
    }
  }
  random.shuffle(std::span<Picture>(pictures));
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    char id[32];
    std::snprintf(id, sizeof id, "SYN_%07zu", i + 1);
    pictures[i].id = id;
  }
  return pictures;
}

std::string ground_truth(const std::vector<Picture>& pictures) {
  std::string text = "image";
  for (const std::string& code : isic_classes()) text += "," + code;
  text += ",UNK\n";
  for (const Picture& picture : pictures) {
    text += picture.id;
    for (int label = 0; label < kClasses; ++label) text += label == picture.label ? ",1.0" : ",0.0";
    text += ",0.0\n";
  }
  return text;
}

std::string metadata(const std::vector<Picture>& pictures) {
  std::string text = "image,age_approx,anatom_site_general,lesion_id,sex\n";
  for (const Picture& picture : pictures) {
    char lesion[32];
    std::snprintf(lesion, sizeof lesion, "SYNL_%07d", picture.lesion + 1);
    text += picture.id + "," + picture.age + "," + picture.site + "," + lesion + "," + picture.sex + "\n";
  }
  return text;
}

void prepare(const fs::path& folder, bool force) {
  if (fs::exists(folder) && !fs::is_directory(folder))
    throw InputError(folder.string(), "is not a folder", "a new or empty folder");
  if (fs::exists(folder) && !fs::is_empty(folder) && !force) {
    throw InputError(folder.string(), "already has files", "a new or empty folder, or --force");
  }
  std::error_code error;
  fs::create_directories(folder / kInputFolder, error);
  if (error) throw FileError((folder / kInputFolder).string(), "cannot be created (" + error.message() + ")");
  for (const auto& entry : fs::directory_iterator(folder / kInputFolder)) {  // of an earlier, perhaps larger set
    const std::string name = entry.path().filename().string();
    if (name.starts_with("SYN_") && name.ends_with(".jpg")) fs::remove(entry.path());
  }
}

}  // namespace

void write_synthetic_dataset(const fs::path& folder, const SynthesisConfig& config,
                             const std::function<void(int)>& report) {
  if (config.images < kClasses * kFewestPerClass || config.images > 1'000'000) {
    throw InputError("the number of images", "is " + std::to_string(config.images),
                     std::to_string(kClasses * kFewestPerClass) + " to 1000000 (at least " +
                         std::to_string(kFewestPerClass) + " a class)");
  }
  if (config.size < 32 || config.size > 2048)
    throw InputError("the picture's side", "is " + std::to_string(config.size), "32 to 2048 pixels");
  if (config.threads < 1)
    throw InputError("the number of threads", "is " + std::to_string(config.threads), "at least 1");
  const std::vector<Picture> pictures = plan(config);
  prepare(folder, config.force);

  std::mutex mutex;
  std::size_t taken = 0;
  std::exception_ptr failure;
  const auto work = [&] {
    std::unique_lock lock(mutex);
    while (taken < pictures.size() && !failure && !interrupt_requested()) {
      const Picture& picture = pictures[taken++];
      lock.unlock();
      std::exception_ptr problem;
      try {
        const Image image = synthesise_lesion(picture.label, picture.lesion_seed, picture.view_seed, config.size);
        write_file(folder / kInputFolder / (picture.id + ".jpg"), encode_jpeg(image, kJpegQuality));
      } catch (...) {
        problem = std::current_exception();
      }
      lock.lock();
      if (problem) failure = problem;
      if (!problem && report) report(1);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < config.threads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
  if (interrupt_requested()) throw Interrupted("stopped; run the same command with --force to write the whole set");
  write_text(folder / "ISIC_2019_Training_Metadata.csv", metadata(pictures));
  write_text(folder / "ISIC_2019_Training_GroundTruth.csv", ground_truth(pictures));
}

}  // namespace dermdistill
