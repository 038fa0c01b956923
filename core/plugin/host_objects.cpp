// objects/1 over services::Objects.
#include <memory>

#include "core/base/memory_source.hpp"
#include "core/db/after_commit.hpp"
#include "core/plugin/file_handle.hpp"
#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/services/objects/objects.hpp"
#include "mortise/abi/objects.h"

namespace mortise::plugin {
namespace {

using services::Object;
using services::Objects;

void give(const Object& object, mortise_object_sink sink, void* context) {
  if (sink == nullptr) return;
  const mortise_object face{.struct_size = sizeof(mortise_object),
                            .bucket = str(object.bucket),
                            .name = str(object.name),
                            .etag = str(object.etag),
                            .version_id = str(object.versionId),
                            .content_type = str(object.contentType),
                            .size = object.size,
                            .modified_at = object.modifiedAt};
  sink(context, &face);
}

mortise_status absent(mortise_error* error) {
  return answer(error, MORTISE_NOT_FOUND, "no_object", "no object of this name");
}

extern "C" {

mortise_status objectsBucket(mortise_host* raw, mortise_str name, mortise_bucket_sink sink, void* context,
                             mortise_error* error) {
  return blocking<&HostServices::objects>(raw, "objects/1 bucket", error, [&](Objects& objects) {
    const auto bucket = objects.bucket(view(name));
    if (sink == nullptr) return MORTISE_OK;
    const mortise_bucket face{.struct_size = sizeof(mortise_bucket),
                              .exists = bucket.exists ? 1 : 0,
                              .is_default = bucket.isDefault ? 1 : 0,
                              .secure = bucket.secure ? 1 : 0,
                              .name = str(bucket.name),
                              .endpoint = str(bucket.endpoint)};
    sink(context, &face);
    return MORTISE_OK;
  });
}

mortise_status objectsPut(mortise_host* raw, mortise_str bucket, mortise_str name, mortise_str bytes,
                          mortise_str contentType, mortise_object_sink sink, void* context, mortise_error* error) {
  return blocking<&HostServices::objects>(raw, "objects/1 put", error, [&](Objects& objects) {
    MemorySource source(view(bytes));
    give(objects.put(view(bucket), view(name), source, view(contentType)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status objectsPutFile(mortise_host* raw, mortise_str bucket, mortise_str name, mortise_file* file,
                              mortise_str contentType, mortise_object_sink sink, void* context, mortise_error* error) {
  if (file == nullptr) return answer(error, MORTISE_INVALID, "null", "the file is null");
  return blocking<&HostServices::objects>(raw, "objects/1 put_file", error, [&](Objects& objects) {
    give(objects.put(view(bucket), view(name), *fileOf(file), view(contentType)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status objectsStat(mortise_host* raw, mortise_str bucket, mortise_str name, mortise_object_sink sink,
                           void* context, mortise_error* error) {
  return blocking<&HostServices::objects>(raw, "objects/1 stat", error, [&](Objects& objects) {
    const auto object = objects.stat(view(bucket), view(name));
    if (!object) return absent(error);
    give(*object, sink, context);
    return MORTISE_OK;
  });
}

mortise_status objectsOpen(mortise_host* raw, mortise_str bucket, mortise_str name, mortise_file** file,
                           mortise_error* error) {
  if (file == nullptr) return answer(error, MORTISE_INVALID, "null", "file is null");
  *file = nullptr;
  return blocking<&HostServices::objects>(raw, "objects/1 open", error, [&](Objects& objects) {
    auto handle = std::make_unique<FilePtr>(objects.open(view(bucket), view(name)));
    *file = reinterpret_cast<mortise_file*>(handle.release());
    return MORTISE_OK;
  });
}

void objectsClose(mortise_file* file) { delete reinterpret_cast<FilePtr*>(file); }

mortise_status objectsRemove(mortise_host* raw, mortise_str bucket, mortise_str name, mortise_error* error) {
  return blocking<&HostServices::objects>(raw, "objects/1 remove", error, [&](Objects& objects) {
    if (!db::waitsForCommit()) return objects.remove(view(bucket), view(name)) ? MORTISE_OK : absent(error);
    if (!objects.stat(view(bucket), view(name))) return absent(error);
    db::afterCommit([&objects, bucket = copy(bucket), name = copy(name)] { objects.remove(bucket, name); });
    return MORTISE_OK;
  });
}

mortise_status objectsPresign(mortise_host* raw, mortise_str bucket, mortise_str name, int64_t seconds,
                              mortise_url_sink sink, void* context, mortise_error* error) {
  return blocking<&HostServices::objects>(raw, "objects/1 presign", error, [&](Objects& objects) {
    const auto url = objects.presign(view(bucket), view(name), seconds);
    if (sink != nullptr) sink(context, str(url));
    return MORTISE_OK;
  });
}

}  // extern "C"

const mortise_objects_v1 kTable = {sizeof(mortise_objects_v1),
                                   &objectsBucket,
                                   &objectsPut,
                                   &objectsPutFile,
                                   &objectsStat,
                                   &objectsOpen,
                                   &objectsClose,
                                   &objectsRemove,
                                   &objectsPresign};

}  // namespace

template <>
ServedInterface serve<mortise_objects_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::objects>};
}

}  // namespace mortise::plugin
