using OtpActors.Cql;
using OtpActors.Cql.Protocol;

namespace OtpActors.Tests.Cql;

/// <summary>Parts of a <see cref="FakeServer.Script"/>; what was scripted later is asked first.</summary>
internal static class FakeScripts
{
    /// <summary>The id of every statement that <see cref="Prepare"/> prepares.</summary>
    public static readonly byte[] Id = [1, 2, 3];

    public static void On(
        this FakeServer server, Opcode opcode, Func<FakeConnection, FakeRequest, Task> answer, Func<FakeRequest, bool>? which = null)
    {
        var others = server.Script;
        server.Script = async (connection, request) =>
        {
            if (request.Opcode != opcode || which?.Invoke(request) == false)
            {
                return await others(connection, request);
            }

            await answer(connection, request);
            return true;
        };
    }

    /// <summary>Queries that begin so.</summary>
    public static void OnQuery(this FakeServer server, string beginning, Func<FakeConnection, FakeRequest, Task> answer) => server.On(
        Opcode.Query, answer, request => request.Query.StartsWith(beginning, StringComparison.Ordinal));

    /// <summary>Prepares statements with one variable, the text k, which is the partition key.</summary>
    public static void Prepare(this FakeServer server, Action? seen = null) => server.On(Opcode.Prepare, (connection, request) =>
    {
        seen?.Invoke();
        return connection.ReplyAsync(request, Opcode.Result, Frames.Prepared(Id, ("k", 0x000D)));
    });

    public static ClusterBuilder Client(this FakeServer server) => Cluster.Builder().AddContactPoint(server.EndPoint.ToString())
        .With(options => options with
        {
            ReconnectDelay = TimeSpan.FromMilliseconds(20),
            ConnectTimeout = Patience,
            QueryTimeout = Patience,
        });

    /// <summary>Limits that no test is about.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
}
