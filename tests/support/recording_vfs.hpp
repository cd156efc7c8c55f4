#pragma once

// An SQLite VFS over the default one that tells an observer every change of every file. For counting and for replaying
// what a power cut leaves. @source https://sqlite.org/vfs.html

#include <sqlite3.h>

#include <cstdint>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>

namespace meterseal::test {

class VfsObserver {
 public:
  virtual ~VfsObserver() = default;
  // Any thread that uses the database; `path` is the whole path.
  virtual void on_write(const std::string& path, std::int64_t offset, std::string_view bytes) = 0;
  virtual void on_truncate(const std::string& path, std::int64_t size) = 0;
  virtual void on_sync(const std::string& path) = 0;
  virtual void on_delete(const std::string& path) = 0;
  /// Asked before each of them. @return SQLITE_OK, or the error with which it fails without being done
  virtual int before_write(const std::string& /*path*/) { return SQLITE_OK; }
  virtual int before_sync(const std::string& /*path*/) { return SQLITE_OK; }
};

/// Registered as long as it lives; no database may outlive it.
class RecordingVfs {
 public:
  RecordingVfs(const char* name, VfsObserver& observer) : base_(sqlite3_vfs_find(nullptr)), observer_(observer) {
    vfs_ = *base_;
    vfs_.zName = name;
    vfs_.pNext = nullptr;
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + base_->szOsFile;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    vfs_.xAccess = [](sqlite3_vfs* v, const char* path, int flags, int* result) {
      return self(v).base_->xAccess(self(v).base_, path, flags, result);
    };
    vfs_.xFullPathname = [](sqlite3_vfs* v, const char* path, int size, char* out) {
      return self(v).base_->xFullPathname(self(v).base_, path, size, out);
    };
    sqlite3_vfs_register(&vfs_, 0);
  }
  ~RecordingVfs() { sqlite3_vfs_unregister(&vfs_); }
  RecordingVfs(const RecordingVfs&) = delete;
  RecordingVfs& operator=(const RecordingVfs&) = delete;

 private:
  /// Followed in memory by the file of the default VFS.
  struct File {
    sqlite3_file head;
    RecordingVfs* vfs;
    std::string* path;
    [[nodiscard]] sqlite3_file* base() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static RecordingVfs& self(sqlite3_vfs* vfs) { return *static_cast<RecordingVfs*>(vfs->pAppData); }
  static File& file(sqlite3_file* handle) { return *reinterpret_cast<File*>(handle); }
  static sqlite3_file* base(sqlite3_file* handle) { return file(handle).base(); }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* handle, int flags, int* out_flags) {
    File& f = file(handle);
    f.head.pMethods = nullptr;
    f.base()->pMethods = nullptr;
    sqlite3_vfs* below = self(vfs).base_;
    const int result = below->xOpen(below, path, f.base(), flags, out_flags);
    if (f.base()->pMethods == nullptr) return result;
    f.vfs = &self(vfs);
    f.path = new std::string(path == nullptr ? "" : path);
    f.head.pMethods = methods();
    return result;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    self(vfs).observer_.on_delete(path);
    return self(vfs).base_->xDelete(self(vfs).base_, path, sync_directory);
  }

  static const sqlite3_io_methods* methods() {
    static const sqlite3_io_methods kMethods = [] {
      sqlite3_io_methods m{};
      m.iVersion = 2;
      m.xClose = [](sqlite3_file* f) {
        const int result = base(f)->pMethods->xClose(base(f));
        delete file(f).path;
        return result;
      };
      m.xRead = [](sqlite3_file* f, void* into, int size, sqlite3_int64 at) {
        return base(f)->pMethods->xRead(base(f), into, size, at);
      };
      m.xWrite = [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
        if (const int fault = file(f).vfs->observer_.before_write(*file(f).path); fault != SQLITE_OK) return fault;
        const int result = base(f)->pMethods->xWrite(base(f), from, size, at);
        if (result == SQLITE_OK) {
          file(f).vfs->observer_.on_write(*file(f).path, at,
                                          {static_cast<const char*>(from), static_cast<std::size_t>(size)});
        }
        return result;
      };
      m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
        file(f).vfs->observer_.on_truncate(*file(f).path, size);
        return base(f)->pMethods->xTruncate(base(f), size);
      };
      m.xSync = [](sqlite3_file* f, int flags) {
        if (const int fault = file(f).vfs->observer_.before_sync(*file(f).path); fault != SQLITE_OK) return fault;
        const int result = base(f)->pMethods->xSync(base(f), flags);
        if (result == SQLITE_OK) file(f).vfs->observer_.on_sync(*file(f).path);
        return result;
      };
      m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return base(f)->pMethods->xFileSize(base(f), size); };
      m.xLock = [](sqlite3_file* f, int level) { return base(f)->pMethods->xLock(base(f), level); };
      m.xUnlock = [](sqlite3_file* f, int level) { return base(f)->pMethods->xUnlock(base(f), level); };
      m.xCheckReservedLock = [](sqlite3_file* f, int* result) {
        return base(f)->pMethods->xCheckReservedLock(base(f), result);
      };
      m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
        return base(f)->pMethods->xFileControl(base(f), op, arg);
      };
      m.xSectorSize = [](sqlite3_file* f) { return base(f)->pMethods->xSectorSize(base(f)); };
      m.xDeviceCharacteristics = [](sqlite3_file* f) { return base(f)->pMethods->xDeviceCharacteristics(base(f)); };
      m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
        return base(f)->pMethods->xShmMap(base(f), page, size, extend, out);
      };
      m.xShmLock = [](sqlite3_file* f, int at, int n, int flags) {
        return base(f)->pMethods->xShmLock(base(f), at, n, flags);
      };
      m.xShmBarrier = [](sqlite3_file* f) { base(f)->pMethods->xShmBarrier(base(f)); };
      m.xShmUnmap = [](sqlite3_file* f, int remove_it) { return base(f)->pMethods->xShmUnmap(base(f), remove_it); };
      return m;
    }();
    return &kMethods;
  }

  sqlite3_vfs vfs_{};
  sqlite3_vfs* base_;
  VfsObserver& observer_;
};

}  // namespace meterseal::test
