using System.Diagnostics;
using Microsoft.Data.Sqlite;
using OtpActors.Tests.Servers;
using OtpActors.Tests.Servers.Postgres;

namespace OtpActors.Tests.Matrix;

/// <summary>Takes a part of a service away, and gives it back.</summary>
internal interface IFault : IAsyncDisposable
{
    /// <param name="loseReply">Whether the part does what it is asked next and is not heard; where that can be.</param>
    /// <returns>Completes when the call that the moment belongs to may go on.</returns>
    Task BreakAsync(bool loseReply);

    /// <summary>Completes when the outage has begun.</summary>
    Task Broken { get; }

    Task MendAsync();
}

/// <summary>A server behind a proxy of the case's own.</summary>
internal sealed class ProxyFault(FaultProxy proxy, Outage outage, Func<ValueTask>? dispose = null) : IFault
{
    public Task Broken => proxy.Broken;

    public Task BreakAsync(bool loseReply)
    {
        if (loseReply)
        {
            proxy.LoseNextReply(outage);
        }
        else
        {
            proxy.Break(outage);
        }

        return Task.CompletedTask;
    }

    public Task MendAsync()
    {
        proxy.Mend();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await proxy.DisposeAsync();
        if (dispose is not null)
        {
            await dispose();
        }
    }
}

/// <summary>A server that ends and is started again.</summary>
internal sealed class RestartFault(PostgresServer server) : IFault
{
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Broken => _broken.Task;

    public async Task BreakAsync(bool loseReply)
    {
        await server.StopAsync();
        _broken.SetResult();
    }

    public Task MendAsync() => server.StartAgainAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();
}

/// <summary>Another connection holds an SQLite file's exclusive lock.</summary>
internal sealed class LockedFile(string file) : IFault
{
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SqliteConnection? _holder;

    public Task Broken => _broken.Task;

    public Task BreakAsync(bool loseReply) => Task.Run(() =>
    {
        _holder = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = file,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 30,
        }.ToString());
        _holder.Open();
        using var command = _holder.CreateCommand();
        command.CommandText = "PRAGMA busy_timeout=30000; BEGIN EXCLUSIVE";
        command.ExecuteNonQuery();
        _broken.SetResult();
    });

    public Task MendAsync()
    {
        _holder?.Dispose();
        _holder = null;
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await MendAsync();
}

/// <summary>
/// An SQLite file on a small disk of its own, which the data directory links to, and which fills. Such a disk is a
/// <c>tmpfs</c>, which root alone may mount.
/// </summary>
internal sealed class FullDisk : IFault
{
    private const int MiB = 16;

    private readonly TempDirectory _mount = new();
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FullDisk()
    {
    }

    private static readonly Lazy<string?> WhyNot = new(() =>
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return "a small disk can be mounted by root on Linux alone";
        }

        using var directory = new TempDirectory();
        return Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory.Path) is { } error
            ? $"no small disk can be mounted: {error}"
            : Run("umount", directory.Path);
    });

    public Task Broken => _broken.Task;

    /// <summary>Null where it can be had.</summary>
    public static string? WhyMissing() => WhyNot.Value;

    public static FullDisk Under(string file)
    {
        var disk = new FullDisk();
        if (Run("mount", "-t", "tmpfs", "-o", $"size={MiB}m,mode=700", "tmpfs", disk._mount.Path) is { } error)
        {
            throw new IOException($"no small disk can be mounted: {error}");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.CreateSymbolicLink(file, disk._mount.File(Path.GetFileName(file)));
        return disk;
    }

    public Task BreakAsync(bool loseReply) => Task.Run(() =>
    {
        using var filler = new FileStream(Filler, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (var size in new[] { 1 << 20, 4096, 1 })
        {
            FillWith(filler, new byte[size]);
        }

        _broken.SetResult();
    });

    public Task MendAsync()
    {
        File.Delete(Filler);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        Run("umount", "--lazy", _mount.Path);
        _mount.Dispose();
        return ValueTask.CompletedTask;
    }

    private string Filler => _mount.File("filler");

    private static void FillWith(FileStream filler, byte[] piece)
    {
        try
        {
            while (filler.Length < 2L * MiB << 20)
            {
                filler.Write(piece);
            }

            throw new InvalidOperationException("The disk does not fill.");
        }
        catch (IOException)
        {
            // full
        }
    }

    /// <returns>What went wrong; null where nothing did.</returns>
    private static string? Run(string file, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : $"{file}: {error.Trim()}";
    }
}

/// <summary>One fault of several cases: it breaks when all have come to their moments, and is mended when all have held.</summary>
internal sealed class SharedFault(Func<Task<IFault>> make, int cases)
{
    private int Cases => cases;

    private readonly Lazy<Task<IFault>> _fault = new(() => Task.Run(make));
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _mended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _come;
    private int _held;
    private int _left;

    /// <summary>What the fault belongs to is made with the first use.</summary>
    public Task MadeAsync() => _fault.Value;

    public IFault Of() => new Share(this);

    private sealed class Share(SharedFault shared) : IFault
    {
        private bool _came;
        private bool _mends;

        public Task Broken => shared._broken.Task;

        public async Task BreakAsync(bool loseReply)
        {
            await ComeAsync();
            await shared._broken.Task;
        }

        public async Task MendAsync()
        {
            await HoldAsync();
            await shared._mended.Task;
        }

        /// <summary>Of a case that failed on the way, so that the others need not wait for it.</summary>
        public async ValueTask DisposeAsync()
        {
            await ComeAsync();
            await HoldAsync();
            if (Interlocked.Increment(ref shared._left) == shared.Cases && shared._fault is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true } made })
            {
                await (await made).DisposeAsync();
            }
        }

        private async Task ComeAsync()
        {
            if (!_came && (_came = true) && Interlocked.Increment(ref shared._come) == shared.Cases)
            {
                await RelayAsync(async () => await (await shared._fault.Value).BreakAsync(false), shared._broken);
            }
        }

        private async Task HoldAsync()
        {
            if (!_mends && (_mends = true) && Interlocked.Increment(ref shared._held) == shared.Cases)
            {
                await RelayAsync(async () => await (await shared._fault.Value).MendAsync(), shared._mended);
            }
        }

        private static async Task RelayAsync(Func<Task> work, TaskCompletionSource done)
        {
            try
            {
                await work();
                done.TrySetResult();
            }
            catch (Exception e)
            {
                done.TrySetException(e);
            }
        }
    }
}
