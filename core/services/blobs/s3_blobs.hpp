// Blobs in a bucket of an S3 store.
#pragma once

#include "core/services/blobs/blobs.hpp"
#include "core/services/s3/client.hpp"

namespace mortise::services {

struct S3BlobsOptions {
  std::string bucket;
  std::string prefix;          // of every key, without slashes around it; may be empty
  std::string spoolDirectory;  // where uploads wait for their hash; created when missing
};

// Does not contact the store. Throws ServiceError{unavailable} when the spool directory can't be created.
std::unique_ptr<Blobs> openS3Blobs(std::shared_ptr<s3::Client> client, S3BlobsOptions options);

}  // namespace mortise::services
