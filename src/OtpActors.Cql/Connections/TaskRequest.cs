using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Cql.Connections;

/// <summary>A response whose body was copied.</summary>
internal sealed record Response(FrameHeader Header, byte[] Body)
{
    public Opcode Opcode => Header.Opcode;

    /// <summary>A reader that stands after the prelude.</summary>
    public FrameReader Read()
    {
        var reader = new FrameReader(Body);
        BodyPrelude.Read(Header, ref reader);
        return reader;
    }
}

/// <summary>A request of the driver's own, for which a task serves: handshake, heartbeat, preparing, system tables.</summary>
internal sealed class TaskRequest(Opcode opcode, Action<FrameWriter>? body = null) : Request
{
    private readonly TaskCompletionSource<Response> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Response> Task => _completion.Task;

    public override void Write(FrameWriter writer, ProtocolVersion version, short stream)
    {
        var start = writer.BeginFrame(version, opcode, stream);
        body?.Invoke(writer);
        writer.EndFrame(start);
    }

    public override void OnResponse(Connection connection, in FrameHeader header, ReadOnlySpan<byte> responseBody)
    {
        if (header.Opcode != Opcode.Error)
        {
            _completion.TrySetResult(new Response(header, responseBody.ToArray()));
            return;
        }

        var reader = new FrameReader(responseBody);
        BodyPrelude.Read(header, ref reader);
        _completion.TrySetException(Errors.Of(ErrorMessage.Read(ref reader), connection.EndPoint));
    }

    public override void OnFailure(Connection connection, RequestFailure failure, Exception? cause) =>
        _completion.TrySetException(failure == RequestFailure.NotEncodable ? cause! : Errors.Of(failure, connection.EndPoint, cause));
}
