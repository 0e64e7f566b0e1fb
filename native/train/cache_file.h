// The bytes of a knowledge cache on disk: its header, its progress, and writing it record by record.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include "native/train/knowledge_cache.h"

namespace dermdistill {

std::filesystem::path cache_file(const std::filesystem::path& folder);      // knowledge.bin
std::filesystem::path cache_progress(const std::filesystem::path& folder);  // knowledge.json

nlohmann::json to_json(const CacheIdentity& identity);

struct CacheHeader {
  nlohmann::json identity;
  std::size_t offset = 0;  // of the index
};

/// @throws FileError when there is none, FormatError when the file is no cache.
CacheHeader read_cache_header(const std::filesystem::path& folder);
/// Where the first record begins.
std::uint64_t records_begin(const CacheHeader& header, const CacheLayout& layout);
/// Where record `number` begins, or the one before it ends; `file` reaches at least to records_begin().
std::uint64_t record_place(std::span<const std::byte> file, const CacheHeader& header, std::int64_t number);

/// Records that are done and on disk; 0 when that is not known.
std::int64_t read_cache_progress(const std::filesystem::path& folder);
/// @throws InputError naming each field in which the cache differs from what is wanted.
void check_cache_identity(const std::filesystem::path& folder, const nlohmann::json& found,
                          const CacheIdentity& wanted);

/// Writes records in order, and after each flush() where it stands.
class CacheWriter {
 public:
  /// Makes the file or opens the one that is there. @throws FileError when it cannot.
  CacheWriter(const std::filesystem::path& folder, const CacheIdentity& identity);
  ~CacheWriter();
  CacheWriter(const CacheWriter&) = delete;
  CacheWriter& operator=(const CacheWriter&) = delete;

  std::int64_t done() const { return done_; }
  /// The next records, one for each image of `views`. @throws FileError when the disk is too full, after the first call
  /// already when it will be.
  void append(const TeacherViews& views);
  /// What was appended is on disk and counted when this returns.
  void flush();
  /// Of the records that are done.
  std::int64_t bytes() const { return end_ - begin_; }

 private:
  std::filesystem::path folder_;
  CacheLayout layout_;
  std::int64_t index_ = 0, begin_ = 0, end_ = 0;  // of the file: its index, its records, what is written of them
  std::int64_t done_ = 0;
  int descriptor_ = -1;
  bool room_is_checked_ = false;
  std::vector<std::byte> records_;  // of one call
  std::vector<std::uint64_t> places_;
};

}  // namespace dermdistill
