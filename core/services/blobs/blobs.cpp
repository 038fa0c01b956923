#include "core/services/blobs/blobs.hpp"

#include <array>
#include <fstream>

#include "core/services/blobs/file_blobs.hpp"

namespace mortise::services {

std::unique_ptr<Blobs> Blobs::open(std::string_view url) {
  if (url.starts_with("file:")) {
    const std::string_view directory = url.substr(url.starts_with("file:///") ? 7 : 5);
    if (directory.empty()) throw ServiceError(ErrorKind::invalid, "blobs.url: file: needs a directory, file:DIR");
    return openFileBlobs(std::string(directory));
  }
  throw ServiceError(ErrorKind::invalid, "blobs.url: unknown scheme " + std::string(url.substr(0, url.find(':'))) +
                                             "; use file:DIR or s3://BUCKET/PREFIX");
}

Blob Blobs::put(std::string_view scope, std::string_view bytes) {
  auto upload = writer(scope);
  upload->write(bytes);
  return upload->finish();
}

Blob Blobs::put(std::string_view scope, std::istream& stream) {
  auto upload = writer(scope);
  std::array<char, 64 << 10> buffer;
  while (stream.good()) {
    stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    upload->write({buffer.data(), static_cast<std::size_t>(stream.gcount())});
  }
  if (!stream.eof()) throw ServiceError(ErrorKind::unavailable, "blobs: the source can't be read to its end");
  return upload->finish();
}

Blob Blobs::put(std::string_view scope, ByteSource& source) {
  auto upload = writer(scope);
  std::vector<char> buffer(256 << 10);
  for (std::uint64_t offset = 0; offset < source.size();) {
    const std::size_t count = source.read(offset, buffer);
    if (count == 0) throw ServiceError(ErrorKind::unavailable, "blobs: the source became shorter while it was read");
    upload->write({buffer.data(), count});
    offset += count;
  }
  return upload->finish();
}

Blob Blobs::putFile(std::string_view scope, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ServiceError(ErrorKind::notFound, "blobs: " + path + " can't be opened");
  return put(scope, file);
}

std::string Blobs::read(std::string_view key, std::uint64_t limit) {
  const auto source = openForReading(key);
  if (source->size() > limit) {
    throw ServiceError(ErrorKind::full,
                       "blobs: " + std::string(key) + " is larger than " + std::to_string(limit) + " bytes");
  }
  std::string bytes(source->size(), '\0');
  bytes.resize(source->read(0, bytes));
  return bytes;
}

}  // namespace mortise::services
