#include "core/image/jpeg_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "core/base/error.h"

namespace dermdistill {
namespace {

constexpr std::uint8_t kStartOfImage = 0xd8, kEndOfImage = 0xd9, kStartOfScan = 0xda, kHuffmanTables = 0xc4,
                       kQuantisationTables = 0xdb, kExifSegment = 0xe1;

std::uint8_t value(std::byte byte) { return std::to_integer<std::uint8_t>(byte); }
bool is_restart(std::uint8_t marker) { return marker >= 0xd0 && marker <= 0xd7; }
// Frame headers are C0 to CF but for C4 (Huffman tables), C8 (reserved) and CC (arithmetic conditioning).
bool is_frame(std::uint8_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

constexpr std::string_view kExpectedJpeg = "a baseline or progressive JPEG, 8 bits a sample, grey or colour";

void check_frame(const JpegSegment& frame, std::string_view name) {
  // SOF0 baseline, SOF1 extended and SOF2 progressive are decoded; the rest of the standard is not in use.
  if (frame.marker >= 0xc9) throw FormatError(name, "is an arithmetic-coded JPEG", kExpectedJpeg);
  if (frame.marker == 0xc3) throw FormatError(name, "is a lossless JPEG", kExpectedJpeg);
  if (frame.marker > 0xc3) throw FormatError(name, "is a hierarchical JPEG", kExpectedJpeg);
  if (frame.payload.size() < 6) throw FormatError(name, "has a damaged JPEG frame header", kExpectedJpeg);
  const int bits = value(frame.payload[0]), components = value(frame.payload[5]);
  if (bits != 8) throw FormatError(name, "is a JPEG of " + std::to_string(bits) + " bits a sample", kExpectedJpeg);
  if (components == 4) throw FormatError(name, "is a CMYK JPEG, made for print", kExpectedJpeg);
}

// A table of more than 256 codes would run over stb_image's own (its version 2.27 does not look).
void check_huffman_tables(std::span<const std::byte> payload, std::string_view name) {
  constexpr std::size_t kHead = 17;  // class and number, then how many codes there are of each length from 1 to 16
  while (!payload.empty()) {
    std::size_t codes = 0;
    for (std::size_t i = 1; i < std::min(kHead, payload.size()); ++i) codes += value(payload[i]);
    if (payload.size() < kHead || codes > 256 || codes > payload.size() - kHead)
      throw FormatError(name, "is a damaged JPEG: a Huffman table does not fit its segment", kExpectedJpeg);
    payload = payload.subspan(kHead + codes);
  }
}

}  // namespace

JpegReader::Step JpegReader::next(JpegSegment& segment) noexcept {
  for (;;) {
    // Between segments may lie padding and, after a scan header, entropy-coded data, where FF is followed by 00.
    if (position_ >= file_.size()) return Step::Truncated;
    const void* found = std::memchr(file_.data() + position_, 0xff, file_.size() - position_);
    if (!found) return Step::Truncated;
    position_ = static_cast<std::size_t>(static_cast<const std::byte*>(found) - file_.data()) + 1;
    if (position_ >= file_.size()) return Step::Truncated;
    const std::uint8_t marker = value(file_[position_]);
    if (marker == 0xff) continue;  // fill byte: the marker is still to come
    ++position_;
    if (marker == kEndOfImage) return Step::End;
    if (marker <= 0x01 || is_restart(marker) || marker == kStartOfImage) continue;  // no length follows
    if (file_.size() - position_ < 2) return Step::Truncated;
    const std::size_t length = value(file_[position_]) * 256u + value(file_[position_ + 1]);
    if (length < 2 || length > file_.size() - position_) return Step::Truncated;
    segment = {marker, file_.subspan(position_ + 2, length - 2)};
    position_ += length;
    return Step::Segment;
  }
}

bool looks_like_jpeg(std::span<const std::byte> file) noexcept {
  constexpr std::array<std::uint8_t, 3> kSignature{0xff, 0xd8, 0xff};
  return !file.empty() && std::memcmp(file.data(), kSignature.data(), std::min(file.size(), kSignature.size())) == 0;
}

void check_jpeg(std::span<const std::byte> file, std::string_view name) {
  JpegReader reader(file);
  JpegSegment segment;
  bool frame_seen = false, scan_seen = false, codes_seen = false, quantisation_seen = false;
  for (;;) {
    switch (reader.next(segment)) {
      case JpegReader::Step::Truncated:
        throw FormatError(
            name, "is a truncated or damaged JPEG: its end is missing after " + std::to_string(file.size()) + " bytes",
            "the whole file");
      case JpegReader::Step::End:
        if (!scan_seen) throw FormatError(name, "is a JPEG without a picture in it", kExpectedJpeg);
        return;
      case JpegReader::Step::Segment:
        break;
    }
    if (is_frame(segment.marker)) {
      if (frame_seen) throw FormatError(name, "is a JPEG of several frames", kExpectedJpeg);
      check_frame(segment, name);
      frame_seen = true;
    } else if (segment.marker == kHuffmanTables) {
      check_huffman_tables(segment.payload, name);
      codes_seen = true;
    } else if (segment.marker == kQuantisationTables) {
      quantisation_seen = true;
    } else if (segment.marker == kStartOfScan) {
      if (!codes_seen || !quantisation_seen)
        throw FormatError(name, "is a damaged JPEG: its Huffman or quantisation tables are missing", kExpectedJpeg);
      if (!frame_seen)
        throw FormatError(name, "is a damaged JPEG: a scan comes before its frame header", kExpectedJpeg);
      scan_seen = true;
    }
  }
}

PictureSize jpeg_size(std::span<const std::byte> file) noexcept {
  JpegReader reader(file);
  JpegSegment segment;
  while (reader.next(segment) == JpegReader::Step::Segment) {
    if (!is_frame(segment.marker) || segment.payload.size() < 5) continue;
    const auto number = [&](std::size_t at) {
      return value(segment.payload[at]) * 256u + value(segment.payload[at + 1]);
    };
    return {number(3), number(1)};  // bits a sample, height, width
  }
  return {};
}

std::span<const std::byte> find_jpeg_exif(std::span<const std::byte> file) noexcept {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  if (file.size() < 3 || !looks_like_jpeg(file)) return {};
  JpegReader reader(file);
  JpegSegment segment;
  while (reader.next(segment) == JpegReader::Step::Segment) {
    if (segment.marker == kStartOfScan) return {};
    if (segment.marker == kExifSegment && segment.payload.size() >= kPrefix.size() &&
        std::memcmp(segment.payload.data(), kPrefix.data(), kPrefix.size()) == 0)
      return segment.payload.subspan(kPrefix.size());
  }
  return {};
}

}  // namespace dermdistill
