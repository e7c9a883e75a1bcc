using System.Net;
using System.Net.Sockets;

namespace OtpActors.Tests.Servers.Cassandra;

/// <summary>
/// Ports for servers that must be told one. They lie below those that systems give to outgoing connections, so that
/// none is taken between being found free and being bound.
/// </summary>
internal static class Ports
{
    private const int First = 21_000;
    private const int Last = 30_000;

    private static readonly Lock Gate = new();
    private static int _next = First + (Environment.ProcessId * 16 % (Last - First));

    /// <summary>A port that is free on all of these addresses, and the one after it is, too.</summary>
    public static int Free(params string[] addresses)
    {
        lock (Gate)
        {
            for (var tries = 0; tries < Last - First; tries++)
            {
                var port = _next;
                _next = _next + 2 < Last ? _next + 2 : First;
                if (addresses.All(address => IsFree(address, port) && IsFree(address, port + 1)))
                {
                    return port;
                }
            }
        }

        throw new InvalidOperationException("no port is free");
    }

    private static bool IsFree(string address, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
