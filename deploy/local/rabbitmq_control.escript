#!/usr/bin/env escript
%%! -sname control@localhost -hidden -start_epmd false -kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none
%% The running counterpart of "rabbitmqctl eval": one line in, one line out, milliseconds instead of a second.
%%
%% In:  an Erlang expression ending in a dot, as base64. It is evaluated in the broker's node.
%% Out: "ok " or "error ", then the value or the reason as base64: text as it is, other terms printed.
%% Ends when its standard input closes.

main([Node]) ->
    serve(list_to_atom(Node)).

serve(Node) ->
    case io:get_line("") of
        eof -> ok;
        {error, _} -> ok;
        Line ->
            {Outcome, Value} = evaluate(Node, base64:decode(string:trim(Line))),
            io:format("~s ~s~n", [Outcome, base64:encode(text(Value))]),
            serve(Node)
    end.

evaluate(Node, Source) ->
    try
        {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Source)),
        {ok, Expressions} = erl_parse:parse_exprs(Tokens),
        case rpc:call(Node, erl_eval, exprs, [Expressions, []], 60000) of
            {value, {error, Reason}, _} -> {"error", Reason};
            {value, Value, _} -> {"ok", Value};
            {badrpc, Reason} -> {"error", Reason}
        end
    catch
        _:Problem -> {"error", Problem}
    end.

text(Value) ->
    try iolist_to_binary(Value)
    catch error:badarg -> unicode:characters_to_binary(io_lib:format("~0tp", [Value]))
    end.
