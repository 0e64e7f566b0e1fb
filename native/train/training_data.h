// The images of a run: which train, which validate, and how much each class weighs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "native/data/dataset.h"
#include "native/train/run_config.h"

namespace dermdistill {

struct TrainingData {
  Dataset dataset;
  std::vector<int> train, validation;  // indices into dataset.samples, ascending
  std::vector<float> class_weights;
};

/// Loads and splits the data; fills in the configuration's fingerprint and number of classes where they are empty (a
/// new run). @throws InputError when the data are not those of a run that is resumed, or a class has no training image.
TrainingData open_training_data(RunConfig& config);

/// At most `limit` of the indices (0: all), each class keeping its share but at least one image; ascending.
std::vector<int> limited(const Dataset& dataset, std::span<const int> indices, int limit, std::uint64_t seed);

/// SHA-256 over the ids of these images, in this order.
std::string ids_sha256(const Dataset& dataset, std::span<const int> indices);

/// Bytes of decoded pictures that a training loader may keep: an eighth of the machine's memory.
std::int64_t decoded_budget();

/// Threads that prepare images while `threads` threads compute.
int loader_workers(int threads);

}  // namespace dermdistill
