// A plugin for qemu's user emulation: how many instructions a program executed, all threads together, on
// standard error. Blocks that jump into each other count as they run, so the sum is exact for one thread.
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>

// Of qemu-plugin.h, which Debian 12 does not carry.
extern "C" {
struct qemu_plugin_tb;
using qemu_plugin_id_t = std::uint64_t;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb* block);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t, qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(qemu_plugin_tb* block, qemu_plugin_op op, void* to,
                                              std::uint64_t value);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*callback)(qemu_plugin_id_t, void*),
                                    void* data);

extern const int qemu_plugin_version;
const int qemu_plugin_version = 1;
int qemu_plugin_install(qemu_plugin_id_t id, const void* machine, int argc, char** argv);
}

namespace {

std::uint64_t count;

void translate(qemu_plugin_id_t, qemu_plugin_tb* block) {
  qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &count,
                                           qemu_plugin_tb_n_insns(block));
}

void print(qemu_plugin_id_t, void*) {
  std::fprintf(stderr, "%" PRIu64 " instructions\n", count);
}

}  // namespace

int qemu_plugin_install(qemu_plugin_id_t id, const void*, int, char**) {
  qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
  qemu_plugin_register_atexit_cb(id, print, nullptr);
  return 0;
}
