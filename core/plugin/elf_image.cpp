#include "core/plugin/elf_image.hpp"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include <bit>
#include <cstring>
#include <memory>

#include "mortise/abi/module.h"

namespace mortise::plugin {
namespace {

#if defined(__x86_64__)
constexpr int kMachine = EM_X86_64;
constexpr const char* kMachineName = "x86-64";
#elif defined(__aarch64__)
constexpr int kMachine = EM_AARCH64;
constexpr const char* kMachineName = "aarch64";
#else
#error "name this machine's ELF number here"
#endif
static_assert(std::endian::native == std::endian::little, "the header check below knows little-endian machines only");

constexpr std::size_t kMaxSymbols = 1 << 20;

const char* kindName(int type) {
  switch (type) {
    case ET_REL:
      return "an object file (.o)";
    case ET_EXEC:
      return "a program";
    case ET_CORE:
      return "a core dump";
    default:
      return "another kind of ELF file";
  }
}

bool inside(std::uint64_t offset, std::uint64_t size, std::size_t total) {
  return offset <= total && size <= total - offset;
}

[[noreturn]] void truncated(std::size_t size) {
  throw ElfError("expected a whole shared library, found one cut off after " + std::to_string(size) +
                 " bytes; copy the file again");
}

// Checks the header before libelf reads the file: its offsets must be inside the file.
void checkHeader(std::string_view bytes) {
  if (bytes.size() < SELFMAG || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) {
    throw ElfError(
        bytes.empty()
            ? "expected a shared library (ELF), found an empty file; build it with mortise_add_module()"
            : "expected a shared library (ELF), found another kind of file; build it with mortise_add_module()");
  }
  if (bytes.size() < sizeof(Elf64_Ehdr)) truncated(bytes.size());
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != kMachine) {
    throw ElfError(std::string("expected a library for ") + kMachineName + ", found one for machine " +
                   std::to_string(header.e_machine) + (header.e_ident[EI_CLASS] == ELFCLASS32 ? " (32 bit)" : "") +
                   "; build it for this machine");
  }
  if (header.e_type != ET_DYN) {
    throw ElfError(std::string("expected a shared library, found ") + kindName(header.e_type) +
                   "; build it with mortise_add_module()");
  }
  if (!inside(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), bytes.size()))
    truncated(bytes.size());
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_type == PT_LOAD && !inside(segment.p_offset, segment.p_filesz, bytes.size())) truncated(bytes.size());
  }
  if (header.e_shoff == 0 || header.e_shnum == 0) {
    throw ElfError("has no section table, so its manifest can't be read; don't strip it further than strip(1) does");
  }
  if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shstrndx >= header.e_shnum) {
    throw ElfError("has a damaged section table; build it again");
  }
  if (!inside(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr), bytes.size()))
    truncated(bytes.size());
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    std::memcpy(&section, bytes.data() + header.e_shoff + i * sizeof section, sizeof section);
    if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL &&
        !inside(section.sh_offset, section.sh_size, bytes.size())) {
      truncated(bytes.size());
    }
  }
}

struct EndElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};

void readSymbols(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, ElfImage& image) {
  if (header.sh_entsize != sizeof(Elf64_Sym)) throw ElfError("has a damaged symbol table; build it again");
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr) return;
  const std::size_t count = header.sh_size / header.sh_entsize;
  if (count > kMaxSymbols) throw ElfError("lists over a million symbols; build it with mortise_add_module()");
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
    const int binding = GELF_ST_BIND(symbol.st_info);
    const int visibility = GELF_ST_VISIBILITY(symbol.st_other);
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS || binding == STB_LOCAL) continue;
    if (visibility != STV_DEFAULT && visibility != STV_PROTECTED) continue;
    const char* name = elf_strptr(elf, header.sh_link, symbol.st_name);
    if (name == nullptr || *name == '\0') continue;
    image.exports.push_back({name, symbol.st_size, GELF_ST_TYPE(symbol.st_info) == STT_OBJECT});
  }
}

}  // namespace

ElfImage readElf(std::string& bytes) {
  checkHeader(bytes);
  if (elf_version(EV_CURRENT) == EV_NONE) throw ElfError("can't be read: libelf is too old");
  std::unique_ptr<Elf, EndElf> elf(elf_memory(bytes.data(), bytes.size()));
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF) throw ElfError("has a damaged ELF header; build it again");
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf.get(), &names) != 0) throw ElfError("has a damaged section table; build it again");

  ElfImage image;
  for (Elf_Scn* section = elf_nextscn(elf.get(), nullptr); section != nullptr;
       section = elf_nextscn(elf.get(), section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) throw ElfError("has a damaged section table; build it again");
    if (header.sh_type == SHT_DYNSYM) readSymbols(elf.get(), section, header, image);
    const char* name = elf_strptr(elf.get(), names, header.sh_name);
    if (name == nullptr || std::strcmp(name, MORTISE_MANIFEST_SECTION) != 0 || header.sh_type != SHT_PROGBITS) continue;
    if (image.hasManifest)
      throw ElfError("has two sections " MORTISE_MANIFEST_SECTION "; link one manifest per module");
    if (!inside(header.sh_offset, header.sh_size, bytes.size())) truncated(bytes.size());
    image.hasManifest = true;
    image.manifest = std::string_view(bytes).substr(header.sh_offset, header.sh_size);
  }
  return image;
}

}  // namespace mortise::plugin
