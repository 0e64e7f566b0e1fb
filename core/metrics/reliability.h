// Calibration: does a confidence of 0.8 come true in 80 of 100 cases?
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/metrics/predictions.h"

namespace dermdistill {

inline constexpr int kReliabilityBins = 15;

struct ReliabilityBin {
  double low = 0, high = 0;  // confidences in (low, high]; the first bin holds 0 too
  std::int64_t count = 0;
  double mean_confidence = 0, accuracy = 0;  // 0 when the bin is empty
};

struct Reliability {
  std::vector<ReliabilityBin> bins;
  double expected_calibration_error = 0;  // sum of count / n times |accuracy - mean confidence| (Guo et al. 2017)
};

/// The bin of a confidence in [0, 1], of `bins` equally wide ones.
int reliability_bin(double confidence, int bins);

/// Of the top class's probability. @throws as check_predictions.
Reliability reliability(const Predictions& predictions, int bins = kReliabilityBins);

}  // namespace dermdistill
