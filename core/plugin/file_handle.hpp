// A mortise_file* is a pointer to a shared_ptr of a ByteSource: inside the exchange for uploads, on the heap for blobs.
#pragma once

#include <memory>

#include "core/base/byte_source.hpp"
#include "mortise/abi/call.h"

namespace mortise::plugin {

using FilePtr = std::shared_ptr<ByteSource>;

inline mortise_file* handleOf(const FilePtr& file) {
  return file == nullptr ? nullptr : reinterpret_cast<mortise_file*>(const_cast<FilePtr*>(&file));
}
inline const FilePtr& fileOf(const mortise_file* handle) { return *reinterpret_cast<const FilePtr*>(handle); }

}  // namespace mortise::plugin
