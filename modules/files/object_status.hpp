// Operators try out the object store over HTTP (contracts/status.yaml): is the bucket there, does a round trip work,
// what does a link look like.
#pragma once

#include <mortise/log.hpp>
#include <mortise/objects.hpp>

#include <string>
#include <string_view>

#include "files_contract.hpp"

namespace files {

class ObjectStatus final : public files_contract::status::ObjectStore {
 public:
  explicit ObjectStatus(mortise::Host host) : log_(host.log()), objects_(host.objects()) {}

 private:
  mortise::Reply pingObjects(const mortise::Request& request) override;
  mortise::Reply uploadObject(const mortise::Request& request) override;

  // Puts an object into a bucket that exists, reads it back and removes it.
  files_contract::status::ObjectStoreSmoke roundTrip(const mortise::Bucket& bucket) const;
  // Runs `work`; what the store refuses or fails to do becomes a Problem that tells nothing of its inside.
  template <class Work>
  mortise::Reply onStore(std::string_view nameField, Work&& work) const;

  mortise::Log log_;
  mortise::Objects objects_;
};

}  // namespace files
