// Blobs in a folder of this machine.
#pragma once

#include "core/services/blobs/blobs.hpp"

namespace mortise::services {

// Makes the folder when there is none. ServiceError{unavailable} when it can't be made or written to.
std::unique_ptr<Blobs> openFileBlobs(std::string directory);

}  // namespace mortise::services
