// Objects in the buckets of an S3 store.
#pragma once

#include "core/services/objects/objects.hpp"
#include "core/services/s3/client.hpp"

namespace mortise::services {

// `reserved`: prefix of names in the default bucket that are used otherwise (blobs) and are refused with object_name;
// may be empty. Does not contact the store.
std::unique_ptr<Objects> openS3Objects(std::shared_ptr<s3::Client> client, std::string defaultBucket,
                                       std::string reserved = {});

}  // namespace mortise::services
