using OtpActors.Cql.Protocol;

namespace OtpActors.Cql.Connections;

/// <summary>Why a request has no response.</summary>
internal enum RequestFailure
{
    /// <summary>The connection ended before the request was written: it had no effect.</summary>
    NotWritten,

    /// <summary>The connection ended after: whether it had an effect is not known.</summary>
    Broken,

    /// <summary>It cannot be written: the cause is what its encoding has thrown.</summary>
    NotEncodable,

    /// <summary>Its deadline passed before it was written.</summary>
    TimedOutUnwritten,

    /// <summary>Its deadline passed after.</summary>
    TimedOut,
}

/// <summary>
/// What waits on a stream id. For each request that a connection accepts exactly one of <see cref="OnResponse"/> and
/// <see cref="OnFailure"/> is called, once.
/// </summary>
internal abstract class Request
{
    /// <summary>When it is given up, in milliseconds of the <see cref="Sweeper"/>'s clock.</summary>
    public long Deadline { get; set; }

    /// <summary>Writes a whole frame. Called under the connection's lock.</summary>
    public abstract void Write(FrameWriter writer, ProtocolVersion version, short stream);

    /// <summary>Called on the connection's reader; the body is valid during the call.</summary>
    public abstract void OnResponse(Connection connection, in FrameHeader header, ReadOnlySpan<byte> body);

    public abstract void OnFailure(Connection connection, RequestFailure failure, Exception? cause);
}
