// Writes what the native core computes for the tests of the WebAssembly core to compare with:
//   wasm_reference FOLDER FIXTURES
// pictures of many kinds and their tensors, a head's training, activation maps, model parts; manifest.json lists them.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "core/base/random.h"
#include "core/explain/activation_map.h"
#include "core/head/head_file.h"
#include "core/image/preprocess.h"
#include "core/learn/out_of_distribution.h"
#include "native/base/files.h"
#include "native/data/jpeg_writer.h"
#include "tests/image/picture_bytes.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using nlohmann::json;

namespace {

constexpr int kChannels = 96, kEarlyChannels = 16, kRows = 240;

std::filesystem::path folder;

template <typename T>
std::string write_values(const std::string& name, const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  write_file(folder / name, {bytes.begin(), bytes.end()});
  return name;
}

/// Smooth blobs with noise: something that every stage of a decoder has to work for.
std::string samples(int width, int height, int channels, Random& random) {
  std::string text;
  const double cx = random.uniform(0.3, 0.7), cy = random.uniform(0.3, 0.7);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c) {
        const double dx = x / static_cast<double>(width) - cx, dy = y / static_cast<double>(height) - cy;
        const double value = 200 - 35.0 * c - (dx * dx + dy * dy < 0.06 ? 90 : 0) + random.uniform(-12, 12);
        text += static_cast<char>(static_cast<unsigned char>(value < 0 ? 0 : value > 255 ? 255 : value));
      }
  return text;
}

Image image_of(const std::string& text, int width, int height) {
  Image image{width, height, {}};
  for (const char c : text) image.rgb.push_back(static_cast<std::uint8_t>(c));
  return image;
}

class Pictures {
 public:
  void add(const std::string& name, const Bytes& file) {
    write_file(folder / name, file);
    Preprocessing preprocessing;
    const auto count = list_.size();
    preprocessing.size = count % 3 == 0 ? 224 : count % 3 == 1 ? 64 : 97;
    preprocessing.detail = count % 5 == 0 ? 48 : 0;
    preprocessing.rule = count % 2 == 0 ? ResizeRule::Squash : ResizeRule::CropShorterSide;
    const Image image = decode_image(file, name);
    std::optional<Rectangle> part;
    if (count % 5 == 4) part = Rectangle{image.width / 7, image.height / 9, image.width / 2 + 1, image.height / 2 + 3};
    std::vector<float> tensor(static_cast<std::size_t>(preprocessing.size) * preprocessing.size * 3);
    preprocess(image, part, preprocessing, tensor);
    json entry{{"file", name},
               {"tensor", write_values(name + ".tensor", tensor)},
               {"width", image.width},
               {"height", image.height},
               {"preprocessing",
                {{"size", preprocessing.size},
                 {"mean", {0.485, 0.456, 0.406}},
                 {"std", {0.229, 0.224, 0.225}},
                 {"resize", to_string(preprocessing.rule)},
                 {"detail", preprocessing.detail}}}};
    entry["crop"] =
        part ? json{{"left", part->left}, {"top", part->top}, {"width", part->width}, {"height", part->height}}
             : json();
    list_.push_back(entry);
  }
  const json& list() const { return list_; }

 private:
  json list_ = json::array();
};

json write_pictures(const std::filesystem::path& fixtures) {
  Pictures pictures;
  Random random(41);
  const auto fixture = [&](const char* name) { return read_file(fixtures / name); };
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string exif = std::string("Exif\0\0", 6) + exif_block(orientation, orientation % 2 == 0);
    for (const char* name : {"progressive", "baseline", "grey"})
      pictures.add(std::string(name) + "_exif" + std::to_string(orientation) + ".jpg",
                   with_app1(fixture((std::string(name) + ".jpg").c_str()), exif));
  }
  pictures.add("restart.jpg", fixture("restart.jpg"));
  pictures.add("interlaced.png", fixture("interlaced.png"));
  pictures.add("palette.png", fixture("palette.png"));
  for (const auto& [width, height] : {std::pair{17, 16}, {601, 449}, {1023, 77}, {33, 500}, {225, 223}, {448, 449}}) {
    const Image image = image_of(samples(width, height, 3, random), width, height);
    pictures.add("odd_" + std::to_string(width) + "x" + std::to_string(height) + ".jpg",
                 encode_jpeg(image, width % 2 == 0 ? 92 : 75));
  }
  for (const auto& [type, channels] : {std::pair{0, 1}, {2, 3}, {4, 2}, {6, 4}})
    for (const int bits : {8, 16})
      for (const int width : {35, 131}) {
        const int height = 2 * width / 3 + bits;
        pictures.add(
            "png_type" + std::to_string(type) + "_" + std::to_string(bits) + "_" + std::to_string(width) + ".png",
            png_file({width, height, bits, type, samples(width * bits / 8, height, channels, random), ""}));
      }
  pictures.add("large.jpg", encode_jpeg(image_of(samples(1600, 1201, 3, random), 1600, 1201), 85));
  return pictures.list();
}

struct Rows {
  std::vector<float> embeddings, early_embeddings;
  std::vector<int> labels, images;
};

/// Two rows an image around a mean of its class, not negative, as pooled activations are.
Rows make_rows(int classes, int rows, double shift, std::uint64_t seed) {
  Random random(seed);
  Rows result;
  for (int i = 0; i < rows; ++i) {
    const int label = i / 2 % classes;
    Random mean(1000 + static_cast<std::uint64_t>(label));
    for (int channel = 0; channel < kChannels; ++channel) {
      const double value = 0.4 + 0.25 * mean.normal() + 0.3 * random.normal() + shift * (channel % 3 - 1);
      result.embeddings.push_back(static_cast<float>(value < 0 ? 0 : value));
    }
    const double shared = random.normal();
    for (int channel = 0; channel < kEarlyChannels; ++channel)
      result.early_embeddings.push_back(static_cast<float>((1 + channel % 3) * (shared + random.normal()) - channel));
    result.labels.push_back(label);
    result.images.push_back(i / 2);
  }
  return result;
}

ModelCard make_card() {
  ModelCard card;
  card.name = "reference";
  card.architecture = "mobilenet_v2";
  card.classes = isic_classes();
  for (const std::string& code : card.classes) card.class_names.push_back(full_class_name(code));
  card.temperature = 1.3;
  card.operating_points = {{"MEL", 0.25, 0.9, 0.7}, {"MEL", 0.12, 0.95, 0.6}, {"malignant", 0.4, 0.9, 0.8}};
  return card;
}

json write_training() {
  const Backend& backend = backend_named("auto");
  ModelCard card = make_card();
  const Rows known = make_rows(8, 800, 0, 5);
  const EmbeddingStatistics fitted = fit_embedding_statistics(known.embeddings, known.labels, card.classes, kChannels);
  const std::string text = statistics_to_text(fitted);
  const EmbeddingStatistics statistics = statistics_from_text(text, "reference");

  LinearHead shipped{8, kChannels, {}, {}};
  Random random(6);
  for (int i = 0; i < 8 * kChannels; ++i) shipped.weight.push_back(static_cast<float>(0.1 * random.normal()));
  for (int i = 0; i < 8; ++i) shipped.bias.push_back(static_cast<float>(0.1 * random.normal()));
  const Gaussian gaussian = fit_gaussian(known.early_embeddings, kEarlyChannels);
  card.out_of_distribution = fit_stranger_score(known.early_embeddings, gaussian);

  std::vector<std::string> classes = card.classes, names = card.class_names;
  classes.push_back("PSO");
  names.push_back("Psoriasis");
  const Rows own = make_rows(9, kRows, 0.15, 7);
  HeadOptions options;
  options.seed = 77;
  options.epochs = 50;
  options.batch = 32;
  HeadTrainer trainer(shipped, classes, {own.embeddings, own.labels, own.images}, &statistics, options, backend);
  while (trainer.epoch() < options.epochs) trainer.train_epoch();
  const std::string trunk(64, 'a');
  write_file(folder / "head.safetensors",
             serialise_head(head_file_of(trainer, "native head", names, card, trunk, &statistics)));

  const auto score = StrangerScore::from(card.out_of_distribution, &gaussian, "reference");
  const StrangerVerdict verdict = (*score)(std::span<const float>(own.early_embeddings).first(kEarlyChannels));

  std::vector<float> features;
  for (int i = 0; i < kChannels * 35; ++i) features.push_back(static_cast<float>(random.uniform(0, 3)));
  return {
      {"channels", kChannels},
      {"card", to_json_text(card)},
      {"statistics", text},
      {"earlyStatistics", gaussian_to_text(gaussian)},
      {"earlyEmbeddings", write_values("early_embeddings.f32", own.early_embeddings)},
      {"earlyChannels", kEarlyChannels},
      {"weight", write_values("weight.f32", shipped.weight)},
      {"bias", write_values("bias.f32", shipped.bias)},
      {"embeddings", write_values("embeddings.f32", own.embeddings)},
      {"labels", write_values("labels.i32", own.labels)},
      {"images", write_values("images.i32", own.images)},
      {"options", {{"classes", classes}, {"classNames", names}, {"seed", 77}, {"epochs", 50}, {"batch", 32}}},
      {"trunk", trunk},
      {"heldOutRows", trainer.held_out_rows()},
      {"headFile", "head.safetensors"},
      {"features", write_values("features.f32", features)},
      {"featureHeight", 5},
      {"featureWidth", 7},
      {"maps", write_values("maps.f32", activation_maps(shipped, features, 35, FeatureLayout::ChannelsFirst, backend))},
      {"verdict",
       {{"score", verdict.score},
        {"threshold", verdict.threshold},
        {"kept", score->kept()},
        {"unlike", verdict.unlike}}}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: wasm_reference FOLDER FIXTURES\n");
    return 2;
  }
  try {
    folder = argv[1];
    std::filesystem::create_directories(folder);
    const json manifest{{"pictures", write_pictures(argv[2])}, {"training", write_training()}};
    std::ofstream(folder / "manifest.json") << manifest.dump();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "wasm_reference: %s\n", error.what());
    return 1;
  }
  return 0;
}
