#include "core/kernel/storage.hpp"

#include "core/services/objects/local_objects.hpp"
#include "core/services/secrets/secrets.hpp"

namespace mortise::kernel {
namespace {

std::string directoryOf(const config::Config& config, const std::string& dataDirectory) {
  const auto url = config.text("blobs.url");
  if (url.empty()) return dataDirectory + "/blobs";
  return url.substr(url.starts_with("file:///") ? 7 : 5);
}

}  // namespace

Storage openStorage(const config::Config& config, const std::string& dataDirectory, const services::Secrets& secrets,
                    std::function<std::string()> url) {
  Storage storage;
  const auto given = config.text("blobs.url");
  storage.blobs = services::Blobs::open(given.empty() ? "file:" + dataDirectory + "/blobs" : given);
  services::LocalObjectsOptions options;
  options.root = directoryOf(config, dataDirectory) + "/buckets";
  options.key = secrets.derive("objects/links");
  options.url = std::move(url);
  auto local = std::make_unique<services::LocalObjects>(std::move(options));
  storage.localObjects = local.get();
  storage.check = [kept = local.get()](std::chrono::milliseconds) {
    kept->checkWritable();
    return ops::CheckResult{true, "a local folder"};
  };
  storage.objects = std::move(local);
  return storage;
}

}  // namespace mortise::kernel
