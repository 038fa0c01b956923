// Blobs in a folder of this machine.
#pragma once

#include "core/services/blobs/blobs.hpp"

namespace mortise::services {

// Creates the folder when it is missing. Throws ServiceError{unavailable} when that fails or it is not writable.
std::unique_ptr<Blobs> openFileBlobs(std::string directory);

}  // namespace mortise::services
