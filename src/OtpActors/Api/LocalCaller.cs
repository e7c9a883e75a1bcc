using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using OtpActors.Infrastructure.Storage;

namespace OtpActors.Api;

/// <summary>
/// The caller that can read the data directory: the command line of the service's own user. Its key is made anew at each start,
/// is accepted from this machine alone, and lies nowhere but in memory and in <see cref="ServiceFile"/>.
/// </summary>
internal sealed class LocalCaller
{
    /// <summary>Its name in the audit; no configured key can have it.</summary>
    public const string Name = HttpOptions.LocalCaller;

    private const int KeyBytes = 32;

    private readonly byte[] _digest;

    public LocalCaller()
    {
        Key = $"otp_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(KeyBytes))}";
        _digest = SHA256.HashData(Encoding.UTF8.GetBytes(Key));
    }

    public string Key { get; }

    /// <param name="digest">SHA-256 of the key that came with a request.</param>
    public bool Is(ReadOnlySpan<byte> digest, ConnectionInfo connection) =>
        CryptographicOperations.FixedTimeEquals(_digest, digest) && IsLocal(connection);

    /// <summary>From this machine: from a loopback address, or from the very address at which the service was reached.</summary>
    private static bool IsLocal(ConnectionInfo connection) =>
        connection.RemoteIpAddress is { } remote && (IPAddress.IsLoopback(remote) || remote.Equals(connection.LocalIpAddress));
}

/// <summary>Keeps <see cref="ServiceFile"/> in the data directory from when the server listens until it is told to stop.</summary>
internal sealed class ServiceFilePublisher(IServer server, DataDirectory data, LocalCaller caller, ILogger<ServiceFilePublisher> log)
    : IHostedLifecycleService
{
    /// <summary>A file that an earlier process left behind does not stand for this one.</summary>
    public Task StartingAsync(CancellationToken cancellationToken) => Try(() => ServiceFile.Remove(data.Root));

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The server listens: its addresses have their true ports.</summary>
    public Task StartedAsync(CancellationToken cancellationToken) => Try(() =>
    {
        if (server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is { } address)
        {
            new ServiceFile(ServiceUrl.Reachable(address).AbsoluteUri.TrimEnd('/'), caller.Key, Environment.ProcessId).Write(data.Root);
        }
    });

    public Task StoppingAsync(CancellationToken cancellationToken) => Try(() => ServiceFile.Remove(data.Root));

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The service works without the file: callers then name it with <c>--server</c>.</summary>
    private Task Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("{File} cannot be kept in {Data}, so that commands must name the service with --server: {Error}", ServiceFile.Name, data.Root, e.Message);
        }

        return Task.CompletedTask;
    }
}
