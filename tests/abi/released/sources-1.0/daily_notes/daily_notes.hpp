// The module: one line per operation.
#pragma once

#include <cstdint>
#include <mortise/module.hpp>

#include "note_store.hpp"

namespace daily_notes {

class DailyNotes final : public mortise::Module {
 public:
  explicit DailyNotes(mortise::Host host);
  void bind(mortise::Bindings& on) override;

 private:
  mortise::Reply listNotes(const mortise::Request& request) const;
  mortise::Reply addNote(const mortise::Request& request) const;

  mortise::Log log_;
  NoteStore store_;
  std::int64_t page_size_;
};

}  // namespace daily_notes
