using System.Runtime.InteropServices;
using System.Text;

namespace OtpActors.Infrastructure.Storage.Files;

/// <summary>Which file a path leads to: device and inode, and how large it is. Told on Linux alone.</summary>
/// <remarks>
/// By <c>statx(2)</c>, whose structure is the same on every architecture. Never by opening the file: to close any handle of a
/// file ends the locks that the process holds on it (SQLite, "How To Corrupt An SQLite Database File", §2.2).
/// </remarks>
public readonly record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode, long Size)
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const uint InodeAndSize = 0x100 | 0x200; // STATX_INO | STATX_SIZE

    private static volatile bool _supported = OperatingSystem.IsLinux();

    /// <summary>Whether files can be told apart here.</summary>
    public static bool IsSupported => _supported;

    /// <returns>Null where nothing is at the path, or where it cannot be told.</returns>
    public static FileIdentity? From(string path)
    {
        if (!_supported)
        {
            return null;
        }

        try
        {
            return Stat(CurrentDirectory, Encoding.UTF8.GetBytes($"{path}\0"), 0, InodeAndSize, out var found) == 0
                ? new FileIdentity(found.DeviceMajor, found.DeviceMinor, found.Inode, (long)found.Size)
                : null;
        }
        catch (EntryPointNotFoundException)
        {
            _supported = false; // a C library from before 2018
            return null;
        }
    }

    public bool IsSameFile(FileIdentity other) =>
        (DeviceMajor, DeviceMinor, Inode) == (other.DeviceMajor, other.DeviceMinor, other.Inode);

    /// <param name="path">UTF-8, ended by a zero.</param>
    [DllImport("libc", EntryPoint = "statx")]
    private static extern int Stat(int directory, byte[] path, int flags, uint mask, out Found found);

    /// <summary><c>struct statx</c>: what is read of it, at its offsets.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Found
    {
        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(40)]
        public ulong Size;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }
}
