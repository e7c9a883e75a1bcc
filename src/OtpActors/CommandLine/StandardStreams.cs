using System.Runtime.InteropServices;
using System.Text;

namespace OtpActors.CommandLine;

/// <summary>
/// Standard output and standard error as what they are: somebody else's, and gone at any moment. Nothing that is written there
/// fails whoever writes: a full disk, a closed descriptor, a reader that left and a terminal that went away cost the text, not the run.
/// </summary>
internal static class StandardStreams
{
    private const int GetDescriptorFlags = 1; // F_GETFD
    private const int CloseOnExec = 1; // FD_CLOEXEC
    private const int ReadWrite = 2; // O_RDWR

    private static ForgivingWriter? _output;
    private static readonly List<IDisposable> Kept = []; // a signal is handled for as long as its registration is referenced

    /// <summary>Why something of standard output is lost; null where nothing is.</summary>
    public static string? OutputLoss => _output?.Loss;

    /// <summary>Before anything is written, or asks for <see cref="Console.Out"/>.</summary>
    public static void Guard()
    {
        var (output, error) = (true, true);
        if (!OperatingSystem.IsWindows())
        {
            _ = IsOpen(0);
            (output, error) = (IsOpen(1), IsOpen(2));

            // The end of a terminal, or of a connection, is not the end of what was begun there. SIGPIPE .NET itself ignores.
            Kept.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true));
        }

        _output = new ForgivingWriter(output ? Console.Out : null);
        Console.SetOut(_output);
        Console.SetError(new ForgivingWriter(error ? Console.Error : null));
    }

    /// <summary>
    /// Whether the descriptor came from whoever started this. One that did not is taken by the next file that is opened, a database
    /// as likely as not: a free one gets <c>/dev/null</c>; one that the runtime has taken by now is known by close-on-exec, which no
    /// inherited one can have, and nothing is written there.
    /// </summary>
    private static bool IsOpen(int descriptor)
    {
        var flags = Control(descriptor, GetDescriptorFlags);
        if (flags >= 0)
        {
            return (flags & CloseOnExec) == 0;
        }

        _ = Open("/dev/null", ReadWrite); // the lowest free descriptor: this one, since those below are open
        return false;
    }

    [DllImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int descriptor, int command);

    [DllImport("libc", EntryPoint = "open", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(string path, int flags);

    /// <summary>Writes as long as it can, and tries again with the next text. <see cref="Console.SetOut"/> makes it safe for threads.</summary>
    internal sealed class ForgivingWriter(TextWriter? inner) : TextWriter(System.Globalization.CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => inner?.Encoding ?? Encoding.UTF8;

        public string? Loss { get; private set; } = inner is null ? "it is closed" : null;

        public override void Write(char value) => Try(writer => writer.Write(value));

        public override void Write(char[] buffer, int index, int count) => Try(writer => writer.Write(buffer, index, count));

        public override void Write(string? value) => Try(writer => writer.Write(value));

        public override void WriteLine(string? value) => Try(writer => writer.WriteLine(value));

        public override void Flush() => Try(writer => writer.Flush());

        private void Try(Action<TextWriter> write)
        {
            if (inner is null)
            {
                return;
            }

            try
            {
                write(inner);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                Loss = (e.InnerException ?? e).Message.TrimEnd('.');
            }
        }
    }
}
