#include "native/train/cache_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/io/half.h"
#include "native/train/sparse_halves.h"

namespace dermdistill {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr char kMagic[8] = {'D', 'D', 'K', 'N', 'O', 'W', '0', '2'};
constexpr std::size_t kPage = 4096;
constexpr char kOrientations[] = "number of teacher orientations";

std::vector<std::byte> header_bytes(const CacheIdentity& identity) {
  const std::string text = to_json(identity).dump();
  const std::uint64_t length = text.size();
  std::vector<std::byte> bytes((sizeof kMagic + sizeof length + text.size() + kPage - 1) / kPage * kPage);
  std::memcpy(bytes.data(), kMagic, sizeof kMagic);
  std::memcpy(bytes.data() + sizeof kMagic, &length, sizeof length);
  const auto characters = std::as_bytes(std::span(text));
  std::copy(characters.begin(), characters.end(), bytes.begin() + sizeof kMagic + sizeof length);
  return bytes;
}

void write_at(int descriptor, std::span<const std::byte> bytes, std::int64_t place, const fs::path& path) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pwrite(descriptor, bytes.data() + done, bytes.size() - done, place + static_cast<std::int64_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw FileError(path.string(), std::string("cannot be written (") + std::strerror(errno) + ")");
    done += static_cast<std::size_t>(count);
  }
}

void check_room(const fs::path& folder, std::int64_t bytes) {
  const auto available = static_cast<std::int64_t>(fs::space(folder).available);
  if (available >= bytes) return;
  throw FileError(folder.string(), "has room for " + std::to_string(available / 1000000) + " MB",
                  std::to_string(bytes / 1000000) +
                      " MB for the knowledge cache; take fewer --stored-transforms, another --cache or --online");
}

void append_bytes(std::span<const float> values, std::vector<std::byte>& bytes) {
  const auto raw = std::as_bytes(values);
  bytes.insert(bytes.end(), raw.begin(), raw.end());
}

void append_halves(std::span<const float> values, std::vector<std::byte>& bytes) {
  const std::size_t start = bytes.size();
  bytes.resize(start + values.size() * sizeof(std::uint16_t));
  to_half(values, std::span(reinterpret_cast<std::uint16_t*>(bytes.data() + start), values.size()));
}

std::int64_t aligned(std::int64_t place) { return (place + 7) / 8 * 8; }

}  // namespace

fs::path cache_file(const fs::path& folder) { return folder / "knowledge.bin"; }
fs::path cache_progress(const fs::path& folder) { return folder / "knowledge.json"; }

json to_json(const CacheIdentity& identity) {
  const CacheLayout& layout = identity.layout;
  return {{"teacher", identity.teacher_sha256},
          {kOrientations, identity.teacher_orientations},
          {"data", identity.data_fingerprint},
          {"training images", identity.images_sha256},
          {"augmentation", identity.augmentation},
          {"size", identity.preprocessing.size},
          {"mean", identity.preprocessing.mean},
          {"standard deviation", identity.preprocessing.std},
          {"resize rule", to_string(identity.preprocessing.rule)},
          {"detail", identity.preprocessing.detail},
          {"seed", identity.seed},
          {"stored transforms", layout.transforms},
          {"number of images", layout.images},
          {"views", layout.views},
          {"classes", layout.classes},
          {"embedding", layout.embedding},
          {"feature map", {layout.map.height, layout.map.width, layout.map.channels}},
          {"holds embeddings", layout.embeddings},
          {"holds projections", layout.projection},
          {"holds feature maps", layout.features}};
}

CacheHeader read_cache_header(const fs::path& folder) {
  const fs::path path = cache_file(folder);
  const MappedFile file(path);
  const auto bytes = file.bytes();
  std::uint64_t length = 0;
  constexpr std::size_t kFixed = sizeof kMagic + sizeof length;
  if (bytes.size() < kFixed || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) {
    throw FormatError(path.string(), "is not a knowledge cache, or one of another version",
                      "a file written by this dermdistill distill; delete it to have it built");
  }
  std::memcpy(&length, bytes.data() + sizeof kMagic, sizeof length);
  if (length > bytes.size() - kFixed) throw FormatError(path.string(), "is truncated within its header", "delete it");
  const char* text = reinterpret_cast<const char*>(bytes.data()) + kFixed;
  CacheHeader header;
  header.identity = json::parse(text, text + length, nullptr, false);
  if (!header.identity.is_object()) throw FormatError(path.string(), "has a damaged header", "delete it");
  header.offset = (kFixed + length + kPage - 1) / kPage * kPage;
  return header;
}

std::uint64_t records_begin(const CacheHeader& header, const CacheLayout& layout) {
  return header.offset + static_cast<std::uint64_t>(layout.records() + 1) * sizeof(std::uint64_t);
}

std::uint64_t record_place(std::span<const std::byte> file, const CacheHeader& header, std::int64_t number) {
  std::uint64_t place = 0;
  std::memcpy(&place, file.data() + header.offset + static_cast<std::size_t>(number) * sizeof place, sizeof place);
  return place;
}

std::int64_t read_cache_progress(const fs::path& folder) {
  if (!fs::exists(cache_progress(folder))) return 0;
  const json progress = json::parse(read_text(cache_progress(folder)), nullptr, false);
  return progress.is_object() ? progress.value("records_done", std::int64_t{0}) : 0;
}

void check_cache_identity(const fs::path& folder, const json& found, const CacheIdentity& wanted) {
  std::string differences;
  const json expected = to_json(wanted);
  for (const auto& [key, value] : expected.items()) {
    const bool is_implied = key == kOrientations && !found.contains(key);  // caches of older versions know one alone
    if (is_implied ? value == 1 : found.contains(key) && found.at(key) == value) continue;
    differences += (differences.empty() ? "" : ", ") + key;
  }
  if (differences.empty()) return;
  throw InputError(cache_file(folder).string(), "was made with another " + differences,
                   "the cache of this very run; give another --cache folder, or delete this one");
}

CacheWriter::CacheWriter(const fs::path& folder, const CacheIdentity& identity)
    : folder_(folder), layout_(identity.layout) {
  const fs::path path = cache_file(folder);
  const std::vector<std::byte> header = header_bytes(identity);
  index_ = static_cast<std::int64_t>(header.size());
  begin_ = end_ = static_cast<std::int64_t>(records_begin({{}, header.size()}, layout_));
  std::error_code missing;
  const auto present = static_cast<std::int64_t>(fs::file_size(path, missing));
  const bool fresh = missing || present < begin_;
  if (fresh) {
    fs::remove(cache_progress(folder));
  } else {
    check_cache_identity(folder, read_cache_header(folder).identity, identity);
    done_ = read_cache_progress(folder);
    const MappedFile file(path);
    const auto place = done_ < 0 || done_ > layout_.records() ? std::uint64_t{0}
                                                              : record_place(file.bytes(), {{}, header.size()}, done_);
    // Without a place for the next record nothing of the file is of use.
    if (done_ > 0 && place >= static_cast<std::uint64_t>(begin_) && place <= static_cast<std::uint64_t>(present)) {
      end_ = static_cast<std::int64_t>(place);
    } else {
      done_ = 0;
    }
  }
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw FileError(path.string(), std::string("cannot be opened (") + std::strerror(errno) + ")");
  if (!fresh) return;
  try {
    write_at(descriptor_, header, 0, path);
    // The index as zeros: a file that ends within it is known to be unfinished.
    write_at(descriptor_, std::vector<std::byte>(static_cast<std::size_t>(begin_ - index_)), index_, path);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

CacheWriter::~CacheWriter() { ::close(descriptor_); }

void CacheWriter::append(const TeacherViews& views) {
  const auto rows = static_cast<std::size_t>(layout_.views);
  const auto part = [rows](std::span<const float> values, std::size_t image, std::size_t width) {
    return values.subspan(image * rows * width, rows * width);
  };
  const auto embedding = static_cast<std::size_t>(layout_.embedding);
  records_.clear();
  places_.assign(1, static_cast<std::uint64_t>(end_));
  for (std::size_t image = 0; image < static_cast<std::size_t>(views.images); ++image) {
    append_bytes(part(views.logits, image, static_cast<std::size_t>(layout_.classes)), records_);
    if (layout_.stores_embeddings()) append_halves(part(views.embedding, image, embedding), records_);
    if (layout_.projection) append_halves(part(views.projection, image, embedding), records_);
    if (layout_.features)
      append_sparse_halves(part(views.features, image, static_cast<std::size_t>(layout_.map_size())), records_);
    records_.resize(static_cast<std::size_t>(aligned(end_ + static_cast<std::int64_t>(records_.size())) - end_));
    places_.push_back(static_cast<std::uint64_t>(end_) + records_.size());
  }
  const fs::path path = cache_file(folder_);
  if (!room_is_checked_ && views.images > 0) {
    const double share = static_cast<double>(layout_.records() - done_) / views.images;
    check_room(folder_, static_cast<std::int64_t>(share * static_cast<double>(records_.size())));
    room_is_checked_ = true;
  }
  write_at(descriptor_, records_, end_, path);
  write_at(descriptor_, std::as_bytes(std::span(places_)),
           index_ + done_ * static_cast<std::int64_t>(sizeof(std::uint64_t)), path);
  end_ += static_cast<std::int64_t>(records_.size());
  done_ += views.images;
}

void CacheWriter::flush() {
  // What an interrupted build left behind the last record.
  if (done_ == layout_.records() && ::ftruncate(descriptor_, end_) != 0) {
    throw FileError(cache_file(folder_).string(), std::string("cannot be cut (") + std::strerror(errno) + ")");
  }
  if (::fdatasync(descriptor_) != 0) {
    throw FileError(cache_file(folder_).string(), std::string("cannot be synced (") + std::strerror(errno) + ")");
  }
  write_text(cache_progress(folder_), json{{"records_done", done_}, {"records", layout_.records()}}.dump() + "\n");
}

}  // namespace dermdistill
